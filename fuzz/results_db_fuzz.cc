// Any bytes as a results.db: what `tertium show` and `tertium export` make of it. Pages of SQLite survive few random
// changes, so the first byte says how to take the rest: as the file itself (0), as changes to single bytes of a small
// whole file (1), or as values to put into its rows (anything else).

#include <sqlite3.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/folder.h"
#include "fuzz/results.h"
#include "tertium/analysis/agreement.h"
#include "tertium/analysis/categories.h"
#include "tertium/experiment/stages.h"
#include "tertium/report/document.h"
#include "tertium/store/store.h"
#include "tertium/store/tables.h"

namespace {

using namespace tertium;

/// What single bytes stand for where a text is wanted: what a run writes, and what tells rows apart.
const char* const kTexts[] = {"xcopa",
                              "en",
                              "it",
                              "zh",
                              "loglik",
                              "letters:AB",
                              "letters:AB:01",
                              "letters:AB:10",
                              "0",
                              "1",
                              "2",
                              "dali_margin",
                              "mexat",
                              "resid",
                              "final_norm",
                              "fix",
                              "break",
                              "resid_post",
                              "last",
                              "main",
                              "self",
                              "same_gold",
                              "pivot",
                              "controls",
                              "finished",
                              "stage x: scoring",
                              "not begun",
                              "done",
                              "identical_options xcopa loglik it",
                              "[\"1\"]",
                              "main self",
                              "",
                              "\n",
                              "\x1b[2J",
                              "\xff"};

class Bytes {
 public:
  explicit Bytes(fuzz::Input input) : rest_(input) {}
  bool empty() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  template <class Number>
  Number number() {
    unsigned char bytes[sizeof(Number)];
    for (unsigned char& each : bytes) each = byte();
    Number value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  std::string text() {
    if (const std::uint8_t which = byte(); which < 0xf0) return kTexts[which % std::size(kTexts)];
    std::string text(byte() % 32, '\0');
    for (char& each : text) each = static_cast<char>(byte());
    return text;
  }

 private:
  fuzz::Input rest_;
};

struct Closing {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Closing>;

void execute(const Database& database, const std::string& sql) {
  fuzz::demand(sqlite3_exec(database.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, sql.c_str());
}

void fill(const std::filesystem::path& folder) {
  Store store = Store::create(folder, true);
  for (const char* item : {"0", "1"}) store.add(ItemRow{"xcopa", item, item[0] == '0' ? "cause" : ""});
  for (const int option : {-1, 0, 1}) store.add(TextRow{"xcopa", "it", "0", option, "Piove"});
  for (const char* protocol : {"loglik", "letters:AB:01", "letters:AB:10"})
    for (const char* language : {"en", "it"})
      for (const char* item : {"0", "1"})
        for (const int option : {0, 1}) {
          const bool fails = language[0] == 'i' && item[0] == '0';  // TF
          store.add(
              ScoreRow{"xcopa", language, item, protocol, option, (option == 0) != fails ? -1. : -2., 3, option == 0});
        }
  for (const int layer : {0, 1, 2})
    for (const char* item : {"0", "1"})
      store.add(
          AlignmentRow{"xcopa", "it", item, "mexat", layer < 2 ? "resid" : "final_norm", layer < 2 ? layer : 1, 0.5});
  for (const char* control : {"main", "self"})
    for (const int layer : {0, 1})
      for (const int option : {0, 1})
        store.add(
            PatchRow{"xcopa", "it", "0", "loglik", "fix", "resid_post", layer, "last", control, 0, "0", option, -1.5});
  for (const auto& [key, value] :
       RunInfo{{"pivot", "en"}, {"controls", "main self"}, {"stage xcopa: scoring", "1 of 2"}})
    store.set_info(key, value);
  store.commit();
}

std::string without(std::string text, const std::string& what) {
  for (std::size_t at; (at = text.find(what)) != text.npos;) text.erase(at, what.size());
  return text;
}

Database opened(const std::string& bytes) {
  sqlite3* handle = nullptr;
  fuzz::demand(sqlite3_open(":memory:", &handle) == SQLITE_OK, "a database can be made");
  auto* copy = static_cast<unsigned char*>(sqlite3_malloc64(bytes.size()));
  std::memcpy(copy, bytes.data(), bytes.size());
  const auto size = static_cast<sqlite3_int64>(bytes.size());
  constexpr unsigned kFlags = SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE;
  fuzz::demand(sqlite3_deserialize(handle, "main", copy, size, size, kFlags) == SQLITE_OK, "it can be filled");
  Database database(handle);
  execute(database, "PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON");
  return database;
}

std::string bytes_of(const Database& database) {
  sqlite3_int64 size = 0;
  unsigned char* bytes = sqlite3_serialize(database.get(), "main", &size, 0);
  const std::string copy(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  sqlite3_free(bytes);
  return copy;
}

/// A small whole file.
const std::string& whole() {
  static const std::string bytes = [] {
    const std::filesystem::path& folder = fuzz::empty_folder();
    fill(folder);
    std::ifstream file(folder / "results.db", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }();
  return bytes;
}

/// The same with tables that take values of any type.
const std::string& loose() {
  static const std::string bytes = [] {
    const Database database = opened(whole());
    for (const auto& [name, sql] : parts_of(kCurrentLayout)) {
      execute(database, "CREATE TABLE copy AS SELECT * FROM " + name + "; DROP TABLE " + name);
      execute(database, without(without(sql, " STRICT"), " NOT NULL"));
      execute(database, "INSERT INTO " + name + " SELECT * FROM copy; DROP TABLE copy");
    }
    return bytes_of(database);
  }();
  return bytes;
}

void bind(sqlite3_stmt* statement, Bytes& input) {
  switch (input.byte() % 6) {
    case 0:
      sqlite3_bind_int(statement, 1, static_cast<std::int8_t>(input.byte()));
      break;
    case 1:
      sqlite3_bind_int64(statement, 1, input.number<std::int64_t>());
      break;
    case 2:
      sqlite3_bind_double(statement, 1, input.number<double>());
      break;
    case 3: {
      const std::string blob = input.text();
      sqlite3_bind_blob(statement, 1, blob.data(), static_cast<int>(blob.size()), SQLITE_TRANSIENT);
      break;
    }
    case 4: {
      const std::string text = input.text();
      sqlite3_bind_text(statement, 1, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
      break;
    }
    default:  // NULL
      break;
  }
}

std::vector<std::string> columns_of(const Database& database, const std::string& table) {
  sqlite3_stmt* handle = nullptr;
  sqlite3_prepare_v2(database.get(), ("SELECT * FROM " + table).c_str(), -1, &handle, nullptr);
  const std::unique_ptr<sqlite3_stmt, Closing> statement(handle);
  std::vector<std::string> columns;
  for (int column = 0; column < sqlite3_column_count(handle); ++column)
    columns.emplace_back(sqlite3_column_name(handle, column));
  return columns;
}

/// Puts a value into some rows, or into a copy of a row, or takes a row away. What a key forbids does not happen.
void change_rows(const Database& database, Bytes& input) {
  static const std::vector<TablePart> parts = parts_of(kCurrentLayout);
  const std::string name = parts[input.byte() % parts.size()].name, row = std::to_string(1 + input.byte() % 25);
  const std::vector<std::string> all = columns_of(database, name);
  const std::size_t column = input.byte() % all.size();
  std::string columns, values;
  for (std::size_t c = 0; c < all.size(); ++c) {
    columns += std::string(c > 0 ? ", " : "") + all[c];
    values += std::string(c > 0 ? ", " : "") + (c == column ? "?1" : all[c]);
  }
  const std::string set = "UPDATE OR IGNORE " + name + " SET " + all[column] + " = ?1";
  const std::string sqls[] = {set + " WHERE rowid = " + row, set,
                              "INSERT OR IGNORE INTO " + name + " (" + columns + ") SELECT " + values + " FROM " +
                                  name + " WHERE rowid = " + row,
                              "DELETE FROM " + name + " WHERE rowid = " + row};
  sqlite3_stmt* handle = nullptr;
  sqlite3_prepare_v2(database.get(), sqls[input.byte() % std::size(sqls)].c_str(), -1, &handle, nullptr);
  const std::unique_ptr<sqlite3_stmt, Closing> statement(handle);
  fuzz::demand(statement != nullptr, "a change is SQL");
  bind(statement.get(), input);
  sqlite3_step(statement.get());
}

std::string with_changed_rows(Bytes input) {
  const Database database = opened(loose());
  constexpr int kMost = 64;
  for (int i = 0; i < kMost && !input.empty(); ++i) change_rows(database, input);
  for (const auto& [name, sql] : parts_of(kCurrentLayout))
    execute(database, "UPDATE sqlite_schema SET sql = '" + sql + "' WHERE name = '" + name + "'");
  return bytes_of(database);
}

std::string with_changed_bytes(Bytes input) {
  std::string bytes = whole();
  while (!input.empty()) {
    const std::size_t at = input.number<std::uint32_t>() % bytes.size();
    bytes[at] = static_cast<char>(input.byte());
  }
  return bytes;
}

std::string file_of(fuzz::Input input) {
  if (input.empty()) return {};
  const std::uint8_t how = input.front();
  const fuzz::Input rest = input.subspan(1);
  if (how == 0) return {reinterpret_cast<const char*>(rest.data()), rest.size()};
  return how == 1 ? with_changed_bytes(Bytes(rest)) : with_changed_rows(Bytes(rest));
}

void export_all(const std::filesystem::path& folder) {
  std::ostringstream csv;
  fuzz::read_or_refuse([&] { export_table(folder, "runs", ExportFormat::csv, csv); });
  for (const std::string& table : table_names()) {
    std::ostringstream out;
    fuzz::read_or_refuse([&] { export_table(folder, table, ExportFormat::jsonl, out); });
    std::istringstream lines(out.str());
    for (std::string line; std::getline(lines, line);)
      fuzz::demand(nlohmann::json::accept(line), "a line of an export is JSON");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string file = file_of({data, size});
  const std::filesystem::path& folder = fuzz::empty_folder();
  fuzz::write(folder / "results.db", file);
  fuzz::read_or_refuse([&] {
    const Store store = Store::open(folder);
    fuzz::read_or_refuse([&] { store.items(); });
    fuzz::read_or_refuse([&] { store.texts(); });
    fuzz::read_or_refuse([&] {
      fuzz::demand(told(completeness(store.info()), std::nullopt).find('\x1b') == std::string::npos, "is printable");
    });
    fuzz::read_or_refuse([&] { fuzz::use(observations_of(store)); });
    fuzz::read_or_refuse([&] { agreements(store.scores()); });
    fuzz::read_or_refuse([&] {
      const auto document = report_document({{"x", &store}}, "0");
      fuzz::demand(nlohmann::json::accept(document.dump()), "what the page reads is JSON");
    });
    fuzz::read_or_refuse([&] { analyse_by_category(store); });
  });
  export_all(folder);
  return 0;
}
