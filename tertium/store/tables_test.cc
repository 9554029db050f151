#include "tertium/store/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tertium/store/store.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::HasSubstr;

/// Results that somebody else then changed.
class Tables : public test::FolderTest {
 protected:
  Tables() {
    Store store = Store::create(folder, false);
    for (const int option : {0, 1}) {
      store.add(ScoreRow{"xcopa", "it", "5", "loglik", option, -1.5, 2, option == 0});
      store.add(PatchRow{"xcopa", "it", "5", "loglik", "fix", "resid_post", 1, "last", "main", 0, "5", option, -1});
    }
    store.add(ItemRow{"xcopa", "5", "", "5"});
    store.add(TextRow{"xcopa", "it", "5", -1, "Piove, quindi"});
    store.add(AlignmentRow{"xcopa", "it", "5", "dali", "resid", 2, 1});
    store.set_info("pivot", "en");
    store.commit();
  }

  void change(const std::string& sql) const {
    const Connection connection(folder / "results.db", Connection::Access::create);
    sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    connection.execute("PRAGMA ignore_check_constraints = ON");
    connection.execute("PRAGMA writable_schema = ON");
    connection.execute(sql);
  }

  /// What reading every table says, by the library and by the export, which must agree.
  std::string error_of_reading() const {
    const std::string error = error_of([&] {
      const Store store = Store::open(folder);
      store.items(), store.texts(), store.scores(), store.alignment(), store.patches(), store.units(), store.info();
    });
    const std::string of_export = error_of([&] {
      std::ostringstream out;
      for (const std::string& table : exportable()) export_table(folder, table, ExportFormat::jsonl, out);
    });
    EXPECT_EQ(of_export, error);
    return error;
  }
};

TEST_F(Tables, OfAWholeFileAreRead) { EXPECT_EQ(error_of_reading(), ""); }

TEST_F(Tables, EveryColumnHasARule) {
  const Connection connection(folder / "results.db", Connection::Access::read);
  for (const Table& table : tables()) {
    const Statement rows(connection, std::string("SELECT * FROM ") + table.name);
    ASSERT_EQ(rows.columns(), static_cast<int>(table.columns.size())) << table.name;
    for (int column = 0; column < rows.columns(); ++column) EXPECT_EQ(rows.name(column), table.columns[column].name);
  }
}

TEST_F(Tables, NumbersOutOfRangeAreNamed) {
  change("UPDATE alignment_rows SET layer = 9000000000");
  EXPECT_THAT(error_of_reading(), HasSubstr("results.db: table alignment, row 1: its layer is 9000000000, outside 0 to "
                                            "2147483647; the file is not as a run left it"));
  change("UPDATE alignment_rows SET layer = 1; UPDATE patches_series SET window = 0");
  EXPECT_THAT(error_of_reading(), HasSubstr("table patches, row 1: its window is 0, outside 1 to"));
  change("UPDATE patches_series SET window = 1; UPDATE scores_rows SET is_gold = 2 WHERE option = 1");
  EXPECT_THAT(error_of_reading(), HasSubstr("table scores, row 2: its is_gold is 2, outside 0 to 1"));
}

TEST_F(Tables, NumbersThatAreNoneAreNamed) {
  change("UPDATE scores_rows SET score = 9e999 WHERE option = 1");
  EXPECT_THAT(error_of_reading(), HasSubstr("table scores, row 2: its score is not finite"));
}

TEST_F(Tables, TextThatIsNoUtf8IsNamed) {
  change("UPDATE runs SET value = CAST(x'66ff' AS TEXT)");
  EXPECT_THAT(error_of_reading(), HasSubstr("table runs, row 1: its value is no UTF-8 text"));
}

std::string without(std::string text, const std::string& what) {
  for (std::size_t at; (at = text.find(what)) != text.npos;) text.erase(at, what.size());
  return text;
}

// A STRICT table keeps types apart; one that was made otherwise, and then called so, does not.
TEST_F(Tables, ValuesOfAnotherTypeAreNamed) {
  const std::vector<TablePart> parts = parts_of(kCurrentLayout);
  const std::string strict = std::ranges::find(parts, "alignment_rows", &TablePart::name)->sql;
  for (const std::string value : {"'x'", "x'00'", "NULL", "1.5"}) {
    change("DROP TABLE alignment_rows; " + without(without(strict, " STRICT"), " NOT NULL") +
           "; INSERT INTO alignment_rows SELECT alignment_series.id, names.id, " + value +
           ", 1.0 FROM alignment_series, names");
    change("UPDATE sqlite_schema SET sql = '" + strict + "' WHERE name = 'alignment_rows'");
    EXPECT_THAT(error_of_reading(), HasSubstr("table alignment, row 1: its layer is of another type than its column"))
        << value;
  }
}

TEST_F(Tables, AMissingTableIsNamed) {
  change("DROP TABLE scores_rows");
  EXPECT_THAT(error_of_reading(), HasSubstr("results.db: has no table scores_rows; it is not as a run left it"));
}

TEST_F(Tables, AnIdThatStandsForNothingIsNamed) {
  change("UPDATE patches_rows SET donor = 77 WHERE option = 1");
  EXPECT_THAT(error_of_reading(), HasSubstr("table patches, row 2: its donor is of another type than its column"));
  change("UPDATE patches_rows SET donor = 1; DELETE FROM scores_series");
  EXPECT_THAT(error_of_reading(), HasSubstr("table scores, row 1: its task is of another type than its column"));
}

TEST_F(Tables, TextsOfManyRowsAreStoredOnce) {
  const Connection connection(folder / "results.db", Connection::Access::read);
  for (const char* once : {"names", "scores_series", "alignment_series", "patches_series"})
    EXPECT_EQ(connection.integer(fmt::format("SELECT count(*) FROM {}", once)), 1) << once;
  EXPECT_EQ(connection.integer("SELECT count(*) FROM patches WHERE language = 'it' AND item = '5' AND donor = '5'"), 2);
}

// Who reads all patches in one go need not hold them.
TEST_F(Tables, RowsOfASeriesAreFoundWithoutSorting) {
  const Connection connection(folder / "results.db", Connection::Access::read);
  Statement plan(connection, "EXPLAIN QUERY PLAN " + by_series(table_named("patches")));
  std::string steps;
  while (plan.next()) steps += plan.text(3) + "\n";
  EXPECT_THAT(steps, HasSubstr("SEARCH r USING INDEX"));
  EXPECT_THAT(steps, testing::Not(HasSubstr("TEMP B-TREE")));
}

TEST_F(Tables, ASeriesThatComesTwiceIsRefused) {
  change(
      "PRAGMA writable_schema = OFF; DELETE FROM patches_rows; DROP TABLE patches_rows; "
      "CREATE TABLE patches_rows (series, item, layer, donor, option, score); "
      "INSERT INTO patches_rows VALUES (1, 1, 0, 1, 0, 1.0), (1, 1, 0, 1, 0, 2.0)");
  const Connection connection(folder / "results.db", Connection::Access::read);
  TableRows rows(connection, table_named("patches"), TableRows::BySeries{});
  EXPECT_TRUE(rows.next());
  EXPECT_THAT(error_of([&] { rows.next(); }), HasSubstr("table patches: rows of a series come twice"));
}

// It could take any time.
TEST_F(Tables, AViewInPlaceOfATableIsRefused) {
  change("DROP TABLE items; CREATE VIEW items AS WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) "
         "SELECT x AS task, x AS item, x AS category FROM n");
  EXPECT_THAT(error_of_reading(), HasSubstr("results.db: its table items is not as a run makes it"));
}

}  // namespace
}  // namespace tertium
