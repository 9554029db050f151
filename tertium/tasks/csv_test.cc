#include "tertium/tasks/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::error_of;
using test::TempFolder;
using testing::EndsWith;
using testing::HasSubstr;

std::vector<JsonLine> rows_of(std::string_view text) {
  const TempFolder folder;
  std::vector<JsonLine> rows;
  read_csv(folder.write("x.csv", text), [&](const JsonLine& row) { rows.push_back(row); });
  return rows;
}

std::string error_in(std::string_view text) {
  return error_of([&] { rows_of(text); });
}

TEST(Csv, GivesEachRowByTheNamesOfItsColumnsAndItsNumber) {
  const std::vector<JsonLine> rows = rows_of(",a,b\n0,x y,\n\n1, z,\"\"\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].value, json({{"", "0"}, {"a", "x y"}, {"b", ""}}));
  EXPECT_EQ(rows[1].value, json({{"", "1"}, {"a", " z"}, {"b", ""}})) << "spaces belong to a field";
  EXPECT_EQ(rows[1].names.size(), 3u);
  EXPECT_THAT(rows[1].where, EndsWith("x.csv:4"));
  EXPECT_EQ(rows[0].row, 0u);
  EXPECT_EQ(rows[1].row, 1u);
}

TEST(Csv, QuotedFieldsHoldCommasQuotesAndLineEnds) {
  const std::vector<JsonLine> rows = rows_of("a,b\n\"1, \"\"2\"\"\n3\",4\n5,6");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].value, json({{"a", "1, \"2\"\n3"}, {"b", "4"}}));
  EXPECT_THAT(rows[0].where, EndsWith("x.csv:2"));
  EXPECT_EQ(rows[1].value, json({{"a", "5"}, {"b", "6"}}));
  EXPECT_THAT(rows[1].where, EndsWith("x.csv:4")) << "the line end within a field counts";
}

TEST(Csv, TakesFilesOfWindows) {
  const std::vector<JsonLine> rows = rows_of(
      "\xEF\xBB\xBF"
      "a,b\r\n1,\"2\"\r\n3,4\r\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].value, json({{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(rows[1].value, json({{"a", "3"}, {"b", "4"}}));
}

TEST(Csv, NamesThePlaceOfWhatIsWrong) {
  EXPECT_THAT(error_in("a,b\n1\n"), HasSubstr("x.csv:2: has 1 fields, but the first line names 2 columns; write one "
                                              "comma between two fields"));
  EXPECT_THAT(error_in("a,b,a\n"), HasSubstr("x.csv:1: two columns are called \"a\""));
  EXPECT_THAT(error_in("a\n"), HasSubstr("x.csv:1: the first line must name the columns, with commas between them"));
  EXPECT_THAT(error_in("a,b\n1,\"2\n3,4\n"), HasSubstr("x.csv:2: a quote opens in this row and is never closed"));
  EXPECT_THAT(error_in("a,b\n\"1\"2,3\n"), HasSubstr("x.csv:2: text follows the closing quote of field 1"));
  EXPECT_THAT(error_in("a,b\n\xff,1\n"), HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace tertium
