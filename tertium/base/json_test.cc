#include "tertium/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

std::string message_of(std::string_view text) {
  return test::error_of([&] { parse_json(text, "config.json"); });
}

std::string nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(Json, NestsAsDeepAsTheLimitAndNoDeeper) {
  EXPECT_EQ(parse_json(nested(kDeepestJson), "x").size(), 1u);
  EXPECT_EQ(message_of(nested(kDeepestJson + 1)),
            "config.json: nests more than 100 lists and objects at column 101; fetch the file again");
}

TEST(Json, ManyBracketsThatNeverCloseAreRefusedWhereTheyGoTooDeep) {
  EXPECT_THAT(message_of("{\n\"a\": " + std::string(200'000, '[')), testing::HasSubstr("at line 2, column 105;"));
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  EXPECT_THAT(message_of(objects), testing::HasSubstr("nests more than 100"));
}

TEST(Json, BracketsInStringsDoNotNest) {
  const std::string brackets(1000, '[');
  EXPECT_EQ(parse_json("{\"a\": \"" + brackets + "\", \"\\\"[\": \"\\\\\"}", "x")["a"], brackets);
}

TEST(Json, AnErrorNamesLineAndColumn) {
  EXPECT_THAT(message_of("{\n  \"ä\": x}"),
              testing::AllOf(testing::StartsWith("config.json: not valid JSON at line 2, column 8 ("),
                             testing::Not(testing::HasSubstr("json.exception"))));
  EXPECT_THAT(message_of("[1,]"), testing::StartsWith("config.json: not valid JSON at column 4 ("));
  EXPECT_THAT(message_of(""), testing::StartsWith("config.json: not valid JSON at column 1 ("));
  EXPECT_THAT(message_of("[1e999]"), testing::StartsWith("config.json: not valid JSON ("));
  EXPECT_THAT(message_of("\"\xff\""), testing::HasSubstr("not UTF-8"));
}

TEST(Json, AFileThatHoldsNoObjectIsRefused) {
  const test::TempFolder folder;
  const auto list = folder.write("list.json", "[1]");
  EXPECT_EQ(test::error_of([&] { read_json_object(list); }),
            list.string() + ": must hold a JSON object, but holds a value of type array; fetch the file again");
}

}  // namespace
}  // namespace tertium
