#include "tertium/store/store.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

#include "tertium/base/item_error.h"
#include "tertium/base/text.h"
#include "tertium/store/schema.h"
#include "tertium/store/sqlite.h"
#include "tertium/store/table_writer.h"
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

std::string place(const GenerationRow& row) {
  return fmt::format("generations: item \"{}\" ({}, {} to {}{}{})", printable(row.item), row.task,
                     printable(row.language), printable(row.target), row.condition.empty() ? "" : ", ",
                     printable(row.condition));
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

std::int64_t whole(int number) { return number; }

Statement::Value if_any(const std::optional<double>& number) {
  return number ? Statement::Value(*number) : Statement::Value();
}

Statement::Value if_any(const std::optional<int>& number) {
  return number ? Statement::Value(whole(*number)) : Statement::Value();
}
Statement::Value if_any(const std::optional<std::string>& text) {
  return text ? Statement::Value(std::string_view(*text)) : Statement::Value();
}

/// Texts keep their room.
void read_patch(const TableRows& row, PatchRow& patch) {
  patch.task = row.view(0);
  patch.language = row.view(1);
  patch.item = row.view(2);
  patch.protocol = row.view(3);
  patch.direction = row.view(4);
  patch.site = row.view(5);
  patch.layer = row.integer(6);
  patch.head = row.integer(7);
  patch.window = row.integer(8);
  patch.position = row.view(9);
  patch.control = row.view(10);
  patch.draw = row.integer(11);
  patch.donor = row.view(12);
  patch.option = row.integer(13);
  patch.score = row.real(14);
}

auto series_order(const PatchRow& row) {
  return std::tie(row.task, row.language, row.protocol, row.direction, row.site, row.head, row.window, row.position,
                  row.control, row.draw, row.item, row.layer, row.option);
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
  std::map<std::string, TableWriter, std::less<>> writers;
  Statement set_info{connection,
                     "INSERT INTO runs VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"};
  Statement forget_info{connection, "DELETE FROM runs WHERE key = ?"};
  std::optional<Statement> insert_unit;  // a writer's: files of older layouts lack the table

  explicit Database(WrittenResults made) : Database(std::move(made.connection)) {
    lock.emplace(std::move(made.lock));
    insert_unit.emplace(connection,
                        "INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  }
  explicit Database(Connection opened) : connection(std::move(opened)) {
    for (const Table& table : tables()) writers.emplace(table.name, TableWriter(connection, table));
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  TableWriter& writer(std::string_view table) { return writers.find(table)->second; }

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
  const bool is_new = database_->writer("items").insert({row.task, row.item, row.category, row.unit});
  check_new(is_new, row, database_->connection);
}

void Store::add(const TextRow& row) {
  const bool is_new =
      database_->writer("texts").insert({row.task, row.language, row.item, whole(row.option), row.text});
  check_new(is_new, row, database_->connection);
}

void Store::add(const ScoreRow& row) {
  check_finite(row.score, row, database_->connection);
  const bool is_new = database_->writer("scores").insert({row.task, row.language, row.item, row.protocol,
                                                          whole(row.option), row.score, whole(row.tokens),
                                                          whole(row.is_gold), whole(row.characters), whole(row.bytes)});
  check_new(is_new, row, database_->connection);
}

void Store::add(const AlignmentRow& row) {
  check_finite(row.value, row, database_->connection);
  const bool is_new =
      database_->writer("alignment")
          .insert({row.task, row.language, row.item, row.metric, row.stream, whole(row.layer), row.value});
  check_new(is_new, row, database_->connection);
}

void Store::add(const PatchRow& row) {
  check_finite(row.score, row, database_->connection);
  const bool is_new = database_->writer("patches").insert(
      {row.task, row.language, row.item, row.protocol, row.direction, row.site, whole(row.layer), whole(row.head),
       whole(row.window), row.position, row.control, whole(row.draw), row.donor, whole(row.option), row.score});
  check_new(is_new, row, database_->connection);
}

void Store::add(const CorpusRow& row) {
  check_finite(row.value, row, database_->connection);
  check_finite(row.chance, row, database_->connection);
  const bool is_new = database_->writer("corpora").insert(
      {row.corpus, row.language, row.pooling, row.stream, whole(row.layer), row.measure, row.value, row.chance});
  check_new(is_new, row, database_->connection);
}

void Store::add(const LensRow& row) {
  for (const std::optional<double>& number : {row.log_prob, row.logit, row.entropy})
    if (number) check_finite(*number, row, database_->connection);
  const bool is_new = database_->writer("lens").insert({row.task, row.language, row.item, row.protocol,
                                                        whole(row.layer), row.token_of, whole(row.token),
                                                        if_any(row.log_prob), if_any(row.logit), if_any(row.entropy)});
  check_new(is_new, row, database_->connection);
}

void Store::add(const AblationRow& row) {
  check_finite(row.score, row, database_->connection);
  const AblationKey& key = row.key;
  const bool is_new =
      database_->writer("ablations")
          .insert({row.task, row.language, row.item, row.protocol, key.component, whole(key.layer), whole(key.head),
                   key.operation, key.reference, key.control, key.position, whole(row.option), row.score});
  check_new(is_new, row, database_->connection);
}

void Store::add(const AblatedAlignmentRow& row) {
  check_finite(row.value, row, database_->connection);
  const AblationKey& key = row.key;
  const bool is_new =
      database_->writer("ablated_alignment")
          .insert({row.task, row.language, row.item, key.component, whole(key.layer), whole(key.head), key.operation,
                   key.reference, key.control, key.position, row.metric, row.stream, whole(row.at), row.value});
  check_new(is_new, row, database_->connection);
}

void Store::add(const RepairRow& row) {
  check_finite(row.score, row, database_->connection);
  const bool is_new =
      database_->writer("repairs").insert({row.task, row.language, row.item, row.protocol, row.repair, whole(row.layer),
                                           row.alpha, row.part, row.control, whole(row.option), row.score});
  check_new(is_new, row, database_->connection);
}

void Store::add(const GenerationRow& row) {
  for (const std::optional<double>& number : {row.log_prob, row.chrf, row.chrfpp, row.bleu})
    if (number) check_finite(*number, row, database_->connection);
  const bool is_new = database_->writer("generations")
                          .insert({row.task, row.language, row.target, row.item, row.condition, if_any(row.text),
                                   if_any(row.tokens), row.stop, if_any(row.log_prob), whole(row.reference_tokens),
                                   if_any(row.chrf), if_any(row.chrfpp), if_any(row.bleu), row.language_out});
  check_new(is_new, row, database_->connection);
}

void Store::add(const UnitRow& row) {
  (void)database_->insert_unit.value().insert(row.id, row.task, row.protocol, row.language, row.direction,
                                              row.first_item, row.items, row.state, row.seconds, row.rows, row.worker,
                                              row.stage, row.part, row.ties, row.error);
}

void Store::remove_unit(const std::string& id) { database_->writer("units").remove({{"id", id}}); }

void Store::remove_patches(const PatchSlice& slice, const std::string& item) {
  database_->writer("patches").remove({{"task", slice.task},
                                       {"language", slice.language},
                                       {"item", item},
                                       {"protocol", slice.protocol},
                                       {"direction", slice.direction},
                                       {"site", slice.site},
                                       {"position", slice.position},
                                       {"control", slice.control},
                                       {"draw", whole(slice.draw)}});
}

void Store::remove_ablations(const std::string& task, const std::string& language, const std::string& protocol,
                             const AblationKey& key, const std::string& item) {
  database_->writer("ablations")
      .remove({{"task", task},
               {"language", language},
               {"protocol", protocol},
               {"item", item},
               {"component", key.component},
               {"operation", key.operation},
               {"reference", key.reference},
               {"control", key.control},
               {"position", key.position}});
}

void Store::remove_ablated_alignment(const std::string& task, const std::string& language, const AblationKey& key,
                                     const std::string& metric, const std::string& item) {
  database_->writer("ablated_alignment")
      .remove({{"task", task},
               {"language", language},
               {"item", item},
               {"component", key.component},
               {"operation", key.operation},
               {"reference", key.reference},
               {"control", key.control},
               {"position", key.position},
               {"metric", metric}});
}

void Store::remove_alignment(const std::string& task, const std::string& language, const std::string& metric) {
  database_->writer("alignment").remove({{"task", task}, {"language", language}, {"metric", metric}});
}

void Store::remove_lens(const std::string& task, const std::string& language, const std::string& protocol,
                        const std::string& item) {
  database_->writer("lens").remove({{"task", task}, {"language", language}, {"protocol", protocol}, {"item", item}});
}

void Store::remove_repairs(const std::string& task, const std::string& language, const std::string& protocol,
                           const std::string& repair) {
  database_->writer("repairs").remove(
      {{"task", task}, {"language", language}, {"protocol", protocol}, {"repair", repair}});
}

void Store::remove_generation(const std::string& task, const std::string& language, const std::string& target,
                              const std::string& item, const std::string& condition) {
  database_->writer("generations")
      .remove({{"task", task}, {"language", language}, {"target", target}, {"item", item}, {"condition", condition}});
}

void Store::remove_corpora(const std::string& corpus, const std::string& language) {
  database_->writer("corpora").remove({{"corpus", corpus}, {"language", language}});
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

void Store::rollback() {
  database_->connection.execute("ROLLBACK; BEGIN IMMEDIATE");
  for (auto& [name, writer] : database_->writers) writer.forget_ids();
}

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
  while (row.next()) read_patch(row, rows.emplace_back());
  return rows;
}

void Store::each_patch(const std::function<void(const PatchRow&, std::int64_t)>& visit) const {
  const Table& table = table_named("patches");
  if (!is_in_parts(table, layout_of(database_->connection))) {
    const std::vector<PatchRow> rows = patches();
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](std::size_t at) { return series_order(rows[at]); });
    for (const std::size_t at : order) visit(rows[at], static_cast<std::int64_t>(at));
    return;
  }
  TableRows row(database_->connection, table, TableRows::BySeries{});
  PatchRow patch;
  while (row.next()) {
    read_patch(row, patch);
    visit(patch, row.number());
  }
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

std::vector<GenerationRow> Store::generations() const {
  std::vector<GenerationRow> rows;
  if (!has_table(database_->connection, "generations")) return rows;
  TableRows row(database_->connection, table_named("generations"));
  while (row.next())
    rows.push_back({.task = row.text(0),
                    .language = row.text(1),
                    .target = row.text(2),
                    .item = row.text(3),
                    .condition = row.text(4),
                    .text = row.text_if_any(5),
                    .tokens = row.integer_if_any(6),
                    .stop = row.text(7),
                    .log_prob = row.real_if_any(8),
                    .reference_tokens = row.integer(9),
                    .chrf = row.real_if_any(10),
                    .chrfpp = row.real_if_any(11),
                    .bleu = row.real_if_any(12),
                    .language_out = row.text(13)});
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
