#include "tertium/tasks/tsv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::error_of;
using test::TempFolder;
using testing::HasSubstr;

std::vector<JsonLine> rows_of(std::string_view text) {
  const TempFolder folder;
  std::vector<JsonLine> rows;
  read_tsv(folder.write("x.tsv", text), [&](const JsonLine& row) { rows.push_back(row); });
  return rows;
}

std::string error_in(std::string_view text) {
  return error_of([&] { rows_of(text); });
}

TEST(Tsv, GivesEachRowByTheNamesOfItsColumns) {
  const std::vector<JsonLine> rows = rows_of("a\tb\n1\tx y\n\n \t\r\n\t2\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].value, json({{"a", "1"}, {"b", "x y"}}));
  EXPECT_THAT(rows[0].where, testing::EndsWith("x.tsv:2"));
  EXPECT_EQ(rows[1].value, json({{"a", ""}, {"b", "2"}}));
  EXPECT_THAT(rows[1].where, testing::EndsWith("x.tsv:5")) << "blank lines count as lines";
}

TEST(Tsv, TakesFilesOfWindows) {
  EXPECT_EQ(rows_of("\xEF\xBB\xBF" "a\tb\r\n1\t2\r\n").at(0).value, json({{"a", "1"}, {"b", "2"}}));
}

TEST(Tsv, TakesQuotesOffAFieldOnlyWhereTheyEncloseIt) {
  const json row = rows_of("a\tb\tc\td\n\"He said \"\"no\"\".\"\t  He \"said\" no.\t\"No,\" he said.\t\"\n").at(0).value;
  EXPECT_EQ(row, json({{"a", "He said \"no\"."}, {"b", "He \"said\" no."}, {"c", "\"No,\" he said."}, {"d", "\""}}));
}

TEST(Tsv, NamesThePlaceOfWhatIsWrong) {
  EXPECT_THAT(error_in("a\tb\n1\n"), HasSubstr("x.tsv:2: has 1 fields, but the first line names 2 columns"));
  EXPECT_THAT(error_in("a\tb\n1\t2\t\n"), HasSubstr("x.tsv:2: has 3 fields"));
  EXPECT_THAT(error_in("a\tb\ta\n"), HasSubstr("x.tsv:1: two columns are called \"a\""));
  EXPECT_THAT(error_in("{\"a\": 1}\n"), HasSubstr("x.tsv:1: the first line must name the columns"));
  EXPECT_THAT(error_in("a\tb\n\xff\t1\n"), HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace tertium
