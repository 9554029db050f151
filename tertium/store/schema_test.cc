#include "tertium/store/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <thread>

#include "tertium/base/text.h"
#include "tertium/store/store.h"
#include "tertium/store/tables.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class SchemaTest : public test::FolderTest {};

std::string error_of_open(const std::filesystem::path& folder) {
  return error_of([&] { Store::open(folder); });
}

std::string error_of_create(const std::filesystem::path& folder, bool replace) {
  return error_of([&] { Store::create(folder, replace); });
}

TEST_F(SchemaTest, CreateMakesTheFolder) {
  Store::create(folder / "a" / "b", false);
  EXPECT_THAT(Store::open(folder / "a" / "b").scores(), IsEmpty());
}

TEST_F(SchemaTest, CreateKeepsEarlierResultsUnlessTold) {
  {
    Store store = Store::create(folder, false);
    store.set_info("seed", "1");
    store.commit();
  }
  EXPECT_EQ(error_of_create(folder, false),
            folder.string() + ": holds results already; give another --out, or --force to replace them");
  Store::create(folder, true);
  EXPECT_THAT(Store::open(folder).info(), IsEmpty());
}

TEST_F(SchemaTest, CreateReplacesWhatIsNoDatabase) {
  temporary.write("results.db", "nonsense that is no database at all");
  EXPECT_THAT(error_of_create(folder, false), HasSubstr("holds results already"));
  Store::create(folder, true);
  EXPECT_THAT(Store::open(folder).info(), IsEmpty());
}

TEST_F(SchemaTest, CreateTakesTheEmptyFileOfARunThatFailedAtOnce) {
  temporary.write("results.db", "");
  EXPECT_EQ(error_of_create(folder, false), "");
}

TEST_F(SchemaTest, CreateDoesNotReplaceTheFileOfARunThatIsWriting) {
  Store running = Store::create(folder, false);
  running.commit();
  EXPECT_THAT(error_of_create(folder, true),
              AllOf(HasSubstr(": a run is still writing to it, process "), HasSubstr("; wait for it, stop it")));
}

TEST_F(SchemaTest, ARunThatWritesKeepsItsFolderWhateverElseIsAskedFor) {
  Store running = Store::create(folder, false);
  for (const bool replace : {false, true}) {
    EXPECT_THAT(error_of_create(folder, replace), HasSubstr(": a run is still writing to it"));
    EXPECT_THAT(error_of([&] { Store::demand_free(folder, replace); }), HasSubstr(": a run is still writing to it"));
  }
  running.set_info("seed", "1");
  running.commit();
  EXPECT_EQ(Store::open(folder).info().size(), 1u);
}

TEST_F(SchemaTest, CreateDoesNotReplaceWhatAnotherProgramIsWriting) {
  Store::create(folder, false);
  const Connection other(folder / "results.db", Connection::Access::create);
  other.execute("BEGIN IMMEDIATE");
  EXPECT_THAT(error_of_create(folder, true), HasSubstr("results.db: another program is writing to it"));
}

// Of many that begin at once one writes; nobody sees half a file, and nobody's file is replaced while it is written.
TEST_F(SchemaTest, OneOfManyThatBeginAtOnceWrites) {
  constexpr int kRounds = 5, kRuns = 4;
  for (int round = 0; round < kRounds; ++round) {
    for (const bool replace : {false, true}) {
      const std::filesystem::path out = folder / fmt::format("{}-{}", round, replace);
      std::vector<std::string> errors(kRuns);
      std::vector<std::optional<Store>> stores(kRuns);
      {
        std::vector<std::jthread> runs;
        for (int i = 0; i < kRuns; ++i)
          runs.emplace_back([&, i] {
            try {
              stores[i] = Store::create(out, replace);
            } catch (const Error& error) {
              errors[i] = error.what();
            }
          });
      }
      int writing = 0;
      for (int i = 0; i < kRuns; ++i) {
        writing += stores[i].has_value();
        if (!stores[i]) {
          EXPECT_THAT(errors[i], HasSubstr(": a run is still writing to it"));
        }
      }
      EXPECT_EQ(writing, 1);
      for (std::optional<Store>& store : stores)
        if (store) store->set_info("seed", "1"), store->commit();
      EXPECT_EQ(Store::open(out).info().size(), 1u);
    }
  }
}

TEST_F(SchemaTest, CreateNamesAFolderThatCannotBe) {
  temporary.write("file", "x");
  EXPECT_THAT(error_of_create(folder / "file", false), HasSubstr("file: cannot be made ("));
  EXPECT_THAT(error_of_create(folder / "file" / "below", false), HasSubstr("file/below: cannot be made ("));
}

TEST_F(SchemaTest, CreateNamesAFileThatCannotBe) {
  std::filesystem::create_directories(folder / "results.db");
  EXPECT_THAT(error_of_create(folder, false),
              HasSubstr("results.db: unable to open database file; check that the folder"));
}

TEST_F(SchemaTest, CreateNamesALockedDatabase) {
  temporary.write("results.db", "");
  const Connection other(folder / "results.db", Connection::Access::create);
  other.execute("BEGIN EXCLUSIVE");
  EXPECT_THAT(error_of_create(folder, false),
              HasSubstr("results.db: database is locked; another program is writing to it"));
}

TEST_F(SchemaTest, OpenNamesAFolderWithoutResults) {
  EXPECT_EQ(error_of_open(folder), folder.string() + ": holds no results.db; name the --out folder of a run");
  EXPECT_THAT(error_of_open(folder / "nowhere"), HasSubstr("nowhere: holds no results.db"));
}

TEST_F(SchemaTest, OpenRefusesForeignFiles) {
  temporary.write("results.db", std::string(4096, 'x'));
  EXPECT_THAT(error_of_open(folder), HasSubstr("results.db: file is not a database; it is no whole tertium database"));
  std::filesystem::remove(folder / "results.db");
  Connection(folder / "results.db", Connection::Access::create).execute("CREATE TABLE scores (x)");
  EXPECT_THAT(error_of_open(folder), HasSubstr("results.db: is no tertium database"));
}

TEST_F(SchemaTest, OpenRefusesAnotherLayout) {
  Store::create(folder, false);
  Connection(folder / "results.db", Connection::Access::create).execute("PRAGMA user_version = 9");
  EXPECT_THAT(error_of_open(folder),
              HasSubstr("results.db: has layout 9 but this tertium reads layouts 3 to 8; use the version"));
}

/// Results as an older tertium made them.
void make_older(const std::filesystem::path& folder, int layout, const std::string& rows) {
  const Connection connection(folder / "results.db", Connection::Access::create);
  connection.execute(fmt::format("PRAGMA application_id = 1953657961; PRAGMA user_version = {}", layout));
  for (const TablePart& part : parts_of(layout)) connection.execute(part.sql);
  connection.execute(rows);
}

TEST_F(SchemaTest, AnOlderLayoutIsReadWithoutTheTablesThatItLacks) {
  make_older(folder, 3, "INSERT INTO runs VALUES ('seed', '1')");
  const Store older = Store::open(folder);
  EXPECT_EQ(older.info().size(), 1u);
  EXPECT_THAT(older.texts(), IsEmpty());
  EXPECT_THAT(older.units(), IsEmpty());
  EXPECT_THAT(older.lens(), IsEmpty());
  EXPECT_THAT(older.repairs(), IsEmpty());
  EXPECT_THAT(older.ablations(), IsEmpty());
  EXPECT_THAT(older.generations(), IsEmpty());
  EXPECT_THAT(older.ablated_alignment(), IsEmpty());
  EXPECT_THAT(error_of([&] { Store::resume(folder); }),
              HasSubstr("has layout 3 but this tertium goes on with layout 8"));
  std::ostringstream out;
  EXPECT_THAT(error_of([&] { export_table(folder, "texts", ExportFormat::csv, out); }),
              HasSubstr("of an older layout, which has no table texts"));
}

// Before 8 every row spelled its texts.
TEST_F(SchemaTest, TheRowsOfAnOlderLayoutAreRead) {
  make_older(folder, 7,
             "INSERT INTO scores VALUES ('xcopa', 'it', '5', 'loglik', 0, -1.5, 2, 1, 3, 4);"
             "INSERT INTO patches VALUES"
             " ('xcopa', 'it', '6', 'loglik', 'fix', 'resid_post', 1, -1, 1, 'last', 'main', 1, '7', 0, -2.0),"
             " ('xcopa', 'it', '5', 'loglik', 'fix', 'resid_post', 1, -1, 1, 'last', 'main', 0, '8', 0, -3.0)");
  const Store older = Store::open(folder);
  ASSERT_EQ(older.scores().size(), 1u);
  EXPECT_EQ(older.scores()[0].bytes, 4);
  EXPECT_EQ(older.scores("xcopa", "it", "loglik").size(), 1u);
  EXPECT_THAT(older.scores("xcopa", "de", "loglik"), IsEmpty());
  ASSERT_EQ(older.patches().size(), 2u);
  EXPECT_EQ(older.patches()[0].donor, "7");
  std::string visited;
  older.each_patch([&](const PatchRow& row, std::int64_t) { visited += row.donor; });
  EXPECT_EQ(visited, "87") << "draw by draw";
  std::ostringstream out;
  export_table(folder, "patches", ExportFormat::csv, out);
  EXPECT_THAT(out.str(), HasSubstr("xcopa,it,6,loglik,fix,resid_post,1,-1,1,last,main,1,7,0,-2\r\n"));
}

std::string results_page() { return read_text_file(std::filesystem::path(TERTIUM_SOURCE_DIR) / "docs" / "results.md"); }

/// The part of a page from `begin` on, up to `end`; `page` moves behind it.
std::string cut(std::string& page, std::string_view begin, std::string_view end) {
  const std::size_t from = page.find(begin);
  if (from == page.npos) return {};
  const std::size_t start = from + begin.size(), stop = page.find(end, start);
  std::string part = page.substr(start, stop - start);
  page.erase(0, std::min(stop, page.size()));
  return part;
}

TEST_F(SchemaTest, EveryColumnIsDocumented) {
  Store::create(folder, false);
  const Connection connection = open_results(folder);
  for (const std::string& table : table_names()) {
    std::string page = results_page();
    const std::string section = cut(page, "\n## " + table + ":", "\n## ");
    const Statement rows(connection, "SELECT * FROM " + table);
    for (int column = 0; column < rows.columns(); ++column)
      EXPECT_THAT(section, HasSubstr("`" + rows.name(column) + "`")) << table;
  }
}

TEST_F(SchemaTest, EveryQueryOfTheDocumentationRuns) {
  {
    Store store = Store::create(folder, false);
    for (const std::string language : {"en", "it"})
      for (int option = 0; option < 2; ++option)
        store.add(ScoreRow{"xcopa", language, "5", "loglik", option, language == "en" ? -1.0 - option : -2.0 + option,
                           3, option == 0});
    store.add(AlignmentRow{"xcopa", "it", "5", "dali", "resid", 2, 1});
    for (int option = 0; option < 2; ++option)
      store.add(PatchRow{"xcopa", "it", "5", "loglik", "fix", "resid_post", 1, "last", "main", 0, "5", option,
                         -1.0 - option});
    store.commit();
  }
  const Connection connection = open_results(folder);
  std::string page = results_page();
  std::vector<std::string> answers;
  for (std::string sql = cut(page, "```sql\n", "```"); !sql.empty(); sql = cut(page, "```sql\n", "```")) {
    Statement query(connection, sql);
    std::string answer;
    while (query.next())
      for (int column = 0; column < query.columns(); ++column) answer += query.text(column) + " ";
    answers.push_back(answer);
  }
  EXPECT_THAT(answers, testing::ElementsAre("xcopa loglik en 1.0 1 xcopa loglik it 0.0 1 ", "it 2 TF 1.0 1 ",
                                            "xcopa it loglik resid_post last 1 main 1.0 1 "));
}

}  // namespace
}  // namespace tertium
