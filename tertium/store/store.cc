#include "tertium/store/store.h"

#include <cmath>
#include <optional>

#include "tertium/base/item_error.h"
#include "tertium/base/text.h"
#include "tertium/store/schema.h"
#include "tertium/store/sqlite.h"
#include "tertium/store/tables.h"

namespace tertium {
namespace {

// For error messages: which row it is.
std::string place(const ItemRow& row) { return fmt::format("items: item \"{}\" ({})", printable(row.item), row.task); }

std::string place(const TextRow& row) {
  return fmt::format("texts: item \"{}\" ({} {}, option {})", printable(row.item), row.task, row.language, row.option);
}

std::string place(const ScoreRow& row) {
  return fmt::format("scores: item \"{}\" ({} {}, {}, option {})", printable(row.item), row.task, row.language,
                     row.protocol, row.option);
}

std::string place(const AlignmentRow& row) {
  return fmt::format("alignment: item \"{}\" ({} {}, {}, {} {})", printable(row.item), row.task, row.language,
                     row.metric, row.stream, row.layer);
}

std::string place(const PatchRow& row) {
  return fmt::format("patches: item \"{}\" ({} {}, {}, {}, {}@{}{}, {}, {} {}, option {})", printable(row.item),
                     row.task, row.language, row.protocol, row.direction, row.site, row.layer,
                     row.head < 0 ? "" : fmt::format(".{}", row.head), row.position, row.control, row.draw, row.option);
}

std::string place(const CorpusRow& row) {
  return fmt::format("corpora: {} {} ({}, {}, {} {})", printable(row.corpus), row.language, row.pooling, row.measure,
                     row.stream, row.layer);
}

std::string place(const LensRow& row) {
  return fmt::format("lens: item \"{}\" ({} {}, {}, layer {}, {})", printable(row.item), row.task, row.language,
                     row.protocol, row.layer, printable(row.token_of));
}

std::string place(const AblationKey& key) {
  return fmt::format("{}@{}{}, {}", key.component, key.layer, key.head < 0 ? "" : fmt::format(".{}", key.head),
                     key.position);
}

std::string place(const AblationRow& row) {
  return fmt::format("ablations: item \"{}\" ({} {}, {}, {}, option {})", printable(row.item), row.task, row.language,
                     row.protocol, place(row.key), row.option);
}

std::string place(const AblatedAlignmentRow& row) {
  return fmt::format("ablated_alignment: item \"{}\" ({} {}, {}, {}, {} {})", printable(row.item), row.task,
                     row.language, place(row.key), row.metric, row.stream, row.at);
}

std::string place(const RepairRow& row) {
  return fmt::format("repairs: item \"{}\" ({} {}, {}, {}, block {}, {} {}, option {})", printable(row.item), row.task,
                     row.language, row.protocol, row.repair, row.layer, row.part, row.control, row.option);
}

// SQLite would turn NaN into NULL; infinity has no spelling in JSON.
template <class Row>
void check_finite(double number, const Row& row, const Connection& connection) {
  if (!std::isfinite(number))
    fail_item("{}: {}: the number is {}; the model overflows there, so try dtype = \"f32\"", connection.path().string(),
              place(row), number);
}

template <class Row>
void check_new(bool is_new, const Row& row, const Connection& connection) {
  if (!is_new)
    fail("{}: {}: this row is there already; each may be added once", connection.path().string(), place(row));
}

/// Its columns from `first` on.
AblationKey ablation_key(const TableRows& row, int first) {
  return {.component = row.text(first),
          .layer = row.integer(first + 1),
          .head = row.integer(first + 2),
          .operation = row.text(first + 3),
          .reference = row.text(first + 4),
          .control = row.text(first + 5),
          .position = row.text(first + 6)};
}

std::vector<ScoreRow> score_rows(TableRows row) {
  std::vector<ScoreRow> rows;
  while (row.next())
    rows.push_back({.task = row.text(0),
                    .language = row.text(1),
                    .item = row.text(2),
                    .protocol = row.text(3),
                    .option = row.integer(4),
                    .score = row.real(5),
                    .tokens = row.integer(6),
                    .is_gold = row.integer(7) != 0,
                    .characters = row.integer(8),
                    .bytes = row.integer(9)});
  return rows;
}

}  // namespace

struct Store::Database {
  std::optional<FolderLock> lock;  // of a writer; first, so that it goes last
  Connection connection;
  std::filesystem::path folder = connection.path().parent_path();
  Statement insert_item{connection, "INSERT INTO items VALUES (?, ?, ?, ?)"};
  std::optional<Statement> insert_text, insert_unit, remove_unit, insert_lens, remove_lens, insert_ablation,
      insert_ablated_alignment, remove_ablations, remove_ablated_alignment, insert_repair,
      remove_repairs;  // a writer's: files of older layouts lack the tables
  Statement insert_score{connection, "INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement insert_alignment{connection, "INSERT INTO alignment VALUES (?, ?, ?, ?, ?, ?, ?)"};
  Statement insert_patch{connection, "INSERT INTO patches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement insert_corpus{connection, "INSERT INTO corpora VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement set_info{connection,
                     "INSERT INTO runs VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"};
  Statement forget_info{connection, "DELETE FROM runs WHERE key = ?"};
  Statement remove_patches{connection,
                           "DELETE FROM patches WHERE task = ? AND language = ? AND item = ? AND protocol = ? AND "
                           "direction = ? AND site = ? AND position = ? AND control = ? AND draw = ?"};
  Statement remove_corpora{connection, "DELETE FROM corpora WHERE corpus = ? AND language = ?"};
  Statement remove_alignment{connection, "DELETE FROM alignment WHERE task = ? AND language = ? AND metric = ?"};

  explicit Database(WrittenResults made) : lock(std::move(made.lock)), connection(std::move(made.connection)) {
    insert_text.emplace(connection, "INSERT INTO texts VALUES (?, ?, ?, ?, ?)");
    insert_unit.emplace(connection,
                        "INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert_lens.emplace(connection, "INSERT INTO lens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    remove_lens.emplace(connection, "DELETE FROM lens WHERE task = ? AND language = ? AND protocol = ? AND item = ?");
    insert_repair.emplace(connection, "INSERT INTO repairs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    remove_repairs.emplace(connection,
                           "DELETE FROM repairs WHERE task = ? AND language = ? AND protocol = ? AND repair = ?");
    remove_unit.emplace(connection, "DELETE FROM units WHERE id = ?");
    insert_ablation.emplace(connection, "INSERT INTO ablations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert_ablated_alignment.emplace(connection,
                                     "INSERT INTO ablated_alignment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    constexpr const char* kOfKey = "component = ? AND operation = ? AND reference = ? AND control = ? AND position = ?";
    remove_ablations.emplace(connection,
                             fmt::format("DELETE FROM ablations WHERE task = ? AND language = ? AND protocol = ? AND "
                                         "item = ? AND {}",
                                         kOfKey));
    remove_ablated_alignment.emplace(
        connection,
        fmt::format("DELETE FROM ablated_alignment WHERE task = ? AND language = ? AND item = ? AND {}", kOfKey));
  }
  explicit Database(Connection opened) : connection(std::move(opened)) {}
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  ~Database() {
    if (!lock) return;
    sqlite3_exec(connection.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    if (connection.is_gone()) {
      // Another run's file may have taken the name; closing ours must not remove what lies beside that one.
      int yes = 1;
      sqlite3_file_control(connection.handle(), nullptr, SQLITE_FCNTL_PERSIST_WAL, &yes);
      sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
      return;
    }
    // A finished file without WAL is one plain file, which also opens on a disk that cannot be written. Where somebody
    // is reading just now this fails and the WAL stays, which is as good.
    sqlite3_busy_timeout(connection.handle(), 0);
    sqlite3_exec(connection.handle(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
  }
};

Store Store::create(const std::filesystem::path& folder, bool replace) {
  return Store(std::make_shared<Database>(create_results(folder, replace)));
}

std::string Store::demand_free(const std::filesystem::path& folder, bool replace) {
  return tertium::demand_free(folder, replace);
}

Store Store::resume(const std::filesystem::path& folder) {
  return Store(std::make_shared<Database>(resume_results(folder)));
}

bool Store::has_results(const std::filesystem::path& folder) { return tertium::has_results(folder); }

Store Store::open(const std::filesystem::path& folder) {
  return Store(std::make_shared<Database>(open_results(folder)));
}

void Store::add(const ItemRow& row) {
  check_new(database_->insert_item.insert(row.task, row.item, row.category, row.unit), row, database_->connection);
}

void Store::add(const TextRow& row) {
  check_new(database_->insert_text.value().insert(row.task, row.language, row.item, row.option, row.text), row,
            database_->connection);
}

void Store::add(const ScoreRow& row) {
  check_finite(row.score, row, database_->connection);
  const bool is_new = database_->insert_score.insert(row.task, row.language, row.item, row.protocol, row.option,
                                                     row.score, row.tokens, row.is_gold, row.characters, row.bytes);
  check_new(is_new, row, database_->connection);
}

void Store::add(const AlignmentRow& row) {
  check_finite(row.value, row, database_->connection);
  const bool is_new = database_->insert_alignment.insert(row.task, row.language, row.item, row.metric, row.stream,
                                                         row.layer, row.value);
  check_new(is_new, row, database_->connection);
}

void Store::add(const PatchRow& row) {
  check_finite(row.score, row, database_->connection);
  const bool is_new = database_->insert_patch.insert(row.task, row.language, row.item, row.protocol, row.direction,
                                                     row.site, row.layer, row.head, row.window, row.position,
                                                     row.control, row.draw, row.donor, row.option, row.score);
  check_new(is_new, row, database_->connection);
}

void Store::add(const CorpusRow& row) {
  check_finite(row.value, row, database_->connection);
  check_finite(row.chance, row, database_->connection);
  const bool is_new = database_->insert_corpus.insert(row.corpus, row.language, row.pooling, row.stream, row.layer,
                                                      row.measure, row.value, row.chance);
  check_new(is_new, row, database_->connection);
}

void Store::add(const LensRow& row) {
  for (const std::optional<double>& number : {row.log_prob, row.logit, row.entropy})
    if (number) check_finite(*number, row, database_->connection);
  const bool is_new =
      database_->insert_lens.value().insert(row.task, row.language, row.item, row.protocol, row.layer, row.token_of,
                                            row.token, row.log_prob, row.logit, row.entropy);
  check_new(is_new, row, database_->connection);
}

void Store::add(const AblationRow& row) {
  check_finite(row.score, row, database_->connection);
  const AblationKey& key = row.key;
  const bool is_new = database_->insert_ablation.value().insert(
      row.task, row.language, row.item, row.protocol, key.component, key.layer, key.head, key.operation, key.reference,
      key.control, key.position, row.option, row.score);
  check_new(is_new, row, database_->connection);
}

void Store::add(const AblatedAlignmentRow& row) {
  check_finite(row.value, row, database_->connection);
  const AblationKey& key = row.key;
  const bool is_new = database_->insert_ablated_alignment.value().insert(
      row.task, row.language, row.item, key.component, key.layer, key.head, key.operation, key.reference, key.control,
      key.position, row.metric, row.stream, row.at, row.value);
  check_new(is_new, row, database_->connection);
}

void Store::add(const RepairRow& row) {
  check_finite(row.score, row, database_->connection);
  const bool is_new =
      database_->insert_repair.value().insert(row.task, row.language, row.item, row.protocol, row.repair, row.layer,
                                              row.alpha, row.part, row.control, row.option, row.score);
  check_new(is_new, row, database_->connection);
}

void Store::add(const UnitRow& row) {
  (void)database_->insert_unit.value().insert(row.id, row.task, row.protocol, row.language, row.direction,
                                              row.first_item, row.items, row.state, row.seconds, row.rows, row.worker,
                                              row.stage, row.part, row.ties, row.error);
}

void Store::remove_unit(const std::string& id) { (void)database_->remove_unit.value().insert(id); }

void Store::remove_patches(const PatchSlice& slice, const std::string& item) {
  (void)database_->remove_patches.insert(slice.task, slice.language, item, slice.protocol, slice.direction, slice.site,
                                         slice.position, slice.control, slice.draw);
}

void Store::remove_ablations(const std::string& task, const std::string& language, const std::string& protocol,
                             const AblationKey& key, const std::string& item) {
  (void)database_->remove_ablations.value().insert(task, language, protocol, item, key.component, key.operation,
                                                   key.reference, key.control, key.position);
}

void Store::remove_ablated_alignment(const std::string& task, const std::string& language, const AblationKey& key,
                                     const std::string& item) {
  (void)database_->remove_ablated_alignment.value().insert(task, language, item, key.component, key.operation,
                                                           key.reference, key.control, key.position);
}

void Store::remove_alignment(const std::string& task, const std::string& language, const std::string& metric) {
  (void)database_->remove_alignment.insert(task, language, metric);
}

void Store::remove_lens(const std::string& task, const std::string& language, const std::string& protocol,
                        const std::string& item) {
  (void)database_->remove_lens.value().insert(task, language, protocol, item);
}

void Store::remove_repairs(const std::string& task, const std::string& language, const std::string& protocol,
                           const std::string& repair) {
  (void)database_->remove_repairs.value().insert(task, language, protocol, repair);
}

void Store::remove_corpora(const std::string& corpus, const std::string& language) {
  (void)database_->remove_corpora.insert(corpus, language);
}

void Store::forget_info(const std::string& key) { (void)database_->forget_info.insert(key); }

void Store::set_info(const std::string& key, const std::string& value) {
  (void)database_->set_info.insert(key, value);  // an old key is no conflict here
}

// Between commits a transaction is always open, which makes adding fast.
void Store::commit() {
  if (database_->connection.is_gone())
    fail("{}: was moved or removed while the run wrote to it; run again", database_->connection.path().string());
  database_->connection.execute("COMMIT; BEGIN IMMEDIATE");
}

void Store::rollback() { database_->connection.execute("ROLLBACK; BEGIN IMMEDIATE"); }

const std::filesystem::path& Store::folder() const { return database_->folder; }

std::vector<ItemRow> Store::items() const {
  TableRows row(database_->connection, table_named("items"));
  std::vector<ItemRow> rows;
  while (row.next())
    rows.push_back({.task = row.text(0), .item = row.text(1), .category = row.text(2), .unit = row.text(3)});
  return rows;
}

std::vector<TextRow> Store::texts() const {
  std::vector<TextRow> rows;
  if (!has_table(database_->connection, "texts")) return rows;
  TableRows row(database_->connection, table_named("texts"));
  while (row.next())
    rows.push_back({.task = row.text(0),
                    .language = row.text(1),
                    .item = row.text(2),
                    .option = row.integer(3),
                    .text = row.text(4)});
  return rows;
}

std::vector<ScoreRow> Store::scores() const {
  return score_rows(TableRows(database_->connection, table_named("scores")));
}

std::vector<ScoreRow> Store::scores(const std::string& task, const std::string& language,
                                    const std::string& protocol) const {
  const std::vector<std::pair<std::string, std::string>> where = {
      {"task", task}, {"language", language}, {"protocol", protocol}};
  return score_rows(TableRows(database_->connection, table_named("scores"), where));
}

std::vector<AlignmentRow> Store::alignment() const {
  TableRows row(database_->connection, table_named("alignment"));
  std::vector<AlignmentRow> rows;
  while (row.next())
    rows.push_back({.task = row.text(0),
                    .language = row.text(1),
                    .item = row.text(2),
                    .metric = row.text(3),
                    .stream = row.text(4),
                    .layer = row.integer(5),
                    .value = row.real(6)});
  return rows;
}

std::vector<PatchRow> Store::patches() const {
  TableRows row(database_->connection, table_named("patches"));
  std::vector<PatchRow> rows;
  while (row.next())
    rows.push_back({.task = row.text(0),
                    .language = row.text(1),
                    .item = row.text(2),
                    .protocol = row.text(3),
                    .direction = row.text(4),
                    .site = row.text(5),
                    .layer = row.integer(6),
                    .position = row.text(9),
                    .control = row.text(10),
                    .draw = row.integer(11),
                    .donor = row.text(12),
                    .option = row.integer(13),
                    .score = row.real(14),
                    .head = row.integer(7),
                    .window = row.integer(8)});
  return rows;
}

std::vector<CorpusRow> Store::corpora() const {
  TableRows row(database_->connection, table_named("corpora"));
  std::vector<CorpusRow> rows;
  while (row.next())
    rows.push_back({.corpus = row.text(0),
                    .language = row.text(1),
                    .pooling = row.text(2),
                    .stream = row.text(3),
                    .layer = row.integer(4),
                    .measure = row.text(5),
                    .value = row.real(6),
                    .chance = row.real(7)});
  return rows;
}

std::vector<LensRow> Store::lens() const {
  std::vector<LensRow> rows;
  if (!has_table(database_->connection, "lens")) return rows;
  TableRows row(database_->connection, table_named("lens"));
  while (row.next())
    rows.push_back({.task = row.text(0),
                    .language = row.text(1),
                    .item = row.text(2),
                    .protocol = row.text(3),
                    .layer = row.integer(4),
                    .token_of = row.text(5),
                    .token = row.integer(6),
                    .log_prob = row.real_if_any(7),
                    .logit = row.real_if_any(8),
                    .entropy = row.real_if_any(9)});
  return rows;
}

std::vector<RepairRow> Store::repairs() const {
  std::vector<RepairRow> rows;
  if (!has_table(database_->connection, "repairs")) return rows;
  TableRows row(database_->connection, table_named("repairs"));
  while (row.next())
    rows.push_back({.task = row.text(0),
                    .language = row.text(1),
                    .item = row.text(2),
                    .protocol = row.text(3),
                    .repair = row.text(4),
                    .layer = row.integer(5),
                    .alpha = row.real(6),
                    .part = row.text(7),
                    .control = row.text(8),
                    .option = row.integer(9),
                    .score = row.real(10)});
  return rows;
}

std::vector<AblationRow> Store::ablations() const {
  std::vector<AblationRow> rows;
  if (!has_table(database_->connection, "ablations")) return rows;
  TableRows row(database_->connection, table_named("ablations"));
  while (row.next())
    rows.push_back({.task = row.text(0),
                    .language = row.text(1),
                    .item = row.text(2),
                    .protocol = row.text(3),
                    .key = ablation_key(row, 4),
                    .option = row.integer(11),
                    .score = row.real(12)});
  return rows;
}

std::vector<AblatedAlignmentRow> Store::ablated_alignment() const {
  std::vector<AblatedAlignmentRow> rows;
  if (!has_table(database_->connection, "ablated_alignment")) return rows;
  TableRows row(database_->connection, table_named("ablated_alignment"));
  while (row.next())
    rows.push_back({.task = row.text(0),
                    .language = row.text(1),
                    .item = row.text(2),
                    .key = ablation_key(row, 3),
                    .metric = row.text(10),
                    .stream = row.text(11),
                    .at = row.integer(12),
                    .value = row.real(13)});
  return rows;
}

std::vector<UnitRow> Store::units() const {
  std::vector<UnitRow> rows;
  if (!has_table(database_->connection, "units")) return rows;
  TableRows row(database_->connection, table_named("units"));
  while (row.next())
    rows.push_back({.id = row.text(0),
                    .task = row.text(1),
                    .protocol = row.text(2),
                    .language = row.text(3),
                    .direction = row.text(4),
                    .first_item = row.text(5),
                    .items = row.integer(6),
                    .state = row.text(7),
                    .seconds = row.real(8),
                    .rows = row.integer(9),
                    .worker = row.text(10),
                    .stage = row.text(11),
                    .part = row.text(12),
                    .ties = row.integer(13),
                    .error = row.text(14)});
  return rows;
}

RunInfo Store::info() const {
  TableRows row(database_->connection, table_named("runs"));
  RunInfo info;
  while (row.next()) info.emplace_back(row.text(0), row.text(1));
  return info;
}

}  // namespace tertium
