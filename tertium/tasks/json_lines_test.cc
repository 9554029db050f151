#include "tertium/tasks/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using test::TempFolder;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

JsonLine line_of(std::string_view text) { return {nlohmann::json::parse(text), "it.jsonl:3"}; }

std::vector<std::string> places(const std::filesystem::path& file) {
  std::vector<std::string> places;
  JsonLines lines(file);
  while (const auto line = lines.next()) places.push_back(line->where.substr(line->where.rfind(':') + 1));
  return places;
}

std::string error_in_file(std::string_view text) {
  const TempFolder folder;
  const auto file = folder.write("x.jsonl", text);
  return error_of([&] { places(file); });
}

TEST(JsonLines, PassesOverBlankLinesAndStillCountsThem) {
  const TempFolder folder;
  const auto file = folder.write("x.jsonl", "\n{\"a\":1}\n \t\r\n{\"a\":2}\r\n\n{\"a\":3}");
  EXPECT_EQ(places(file), (std::vector<std::string>{"2", "4", "6"}));
}

TEST(JsonLines, TellTheOrderOfTheirFields) {
  const TempFolder folder;
  JsonLines lines(folder.write("x.jsonl", R"({"b":{"z":1,"a":2},"c":3,"a":4})"));
  EXPECT_THAT(lines.next()->names, ElementsAre("b", "c", "a"));
}

TEST(JsonLines, GoOnBehindALineThatIsNoObjectWhoseRowCounts) {
  const TempFolder folder;
  JsonLines lines(folder.write("x.jsonl", "{\"a\":1}\n{\"a\n\n\xFF\n{\"a\":2}"));
  EXPECT_EQ(lines.next()->row, 0u);
  for (const char* place : {"x.jsonl:2", "x.jsonl:4"}) {
    EXPECT_THAT(error_of([&] { lines.next(); }), HasSubstr(place));
    EXPECT_TRUE(lines.goes_on());
  }
  EXPECT_EQ(lines.next()->row, 3u);
  EXPECT_FALSE(lines.next().has_value());
}

TEST(JsonLines, DoNotGoOnBehindALineThatIsFarTooLong) {
  const TempFolder folder;
  JsonLines lines(folder.write("x.jsonl", std::string(JsonLines::longest_line + 1, 'x') + "\n{}\n"));
  EXPECT_THAT(error_of([&] { lines.next(); }), HasSubstr("longer than"));
  EXPECT_FALSE(lines.goes_on());
}

TEST(JsonLines, ReadsAFileThatStartsWithAByteOrderMark) {
  const TempFolder folder;
  EXPECT_EQ(places(folder.write("x.jsonl", "\xEF\xBB\xBF{\"a\":1}\n")).size(), 1u);
}

TEST(JsonLines, EmptyFileHasNoLines) {
  const TempFolder folder;
  EXPECT_TRUE(places(folder.write("x.jsonl", "")).empty());
}

TEST(JsonLines, TakesALineOfTheLongestLengthAndNoLonger) {
  const std::string frame = R"({"a":""})";
  const std::string longest = R"({"a":")" + std::string(JsonLines::longest_line - frame.size(), 'x') + "\"}";
  EXPECT_EQ(error_in_file(longest + "\n{}\n"), "");
  EXPECT_EQ(error_in_file("{}\n" + longest), "");
  EXPECT_THAT(error_in_file("{}\n " + longest + "\n"), HasSubstr("x.jsonl:2: longer than 1048576 bytes"));
}

TEST(JsonLines, NamesThePlaceOfWhatIsNoObject) {
  EXPECT_THAT(error_in_file("{}\n{\"a\":\n"), HasSubstr("x.jsonl:2: not valid JSON at column"));
  EXPECT_THAT(error_in_file("{} {}\n"), HasSubstr("x.jsonl:1: not valid JSON at column"));
  EXPECT_THAT(error_in_file("[1]\n"), HasSubstr("x.jsonl:1: expected a JSON object, found an array"));
  EXPECT_THAT(error_in_file("7\n"), HasSubstr("x.jsonl:1: expected a JSON object, found 7"));
  EXPECT_THAT(error_in_file("{\"a\": 1e999}\n"), HasSubstr("x.jsonl:1: not valid JSON (number overflow"));
  EXPECT_THAT(error_in_file("{\"a\": \"\\ud800\"}\n"), HasSubstr("x.jsonl:1: not valid JSON at column"));
  EXPECT_THAT(error_in_file("{}\n{}\n{\"a\": \"\xff\"}\n"), HasSubstr("x.jsonl:3: not UTF-8"));
}

TEST(JsonLines, SurvivesDeepNesting) {
  EXPECT_THAT(error_in_file(std::string(200'000, '[') + std::string(200'000, ']')), HasSubstr("nests more than 100"));
}

TEST(JsonLines, TellsATabSeparatedFile) {
  EXPECT_THAT(error_in_file("a\tb\n1\t2\n"), HasSubstr("x.jsonl:1: holds fields between tabs, no JSON object"));
}

TEST(JsonLines, RefusesAFieldThatIsThereTwice) {
  EXPECT_THAT(error_in_file("{\"a\": 1}\n{\"gold\": 0, \"b\": {\"x\": 1, \"x\": 2}, \"gold\": 1}\n"),
              HasSubstr("x.jsonl:2: has field \"gold\" twice"));
  EXPECT_EQ(error_in_file("{\"a\": {\"x\": 1}, \"b\": {\"x\": 1}, \"x\": 1}\n"), "");
}

TEST(JsonLines, RefusesAFolderAndAPipeWithoutWaitingForIt) {
  const TempFolder folder;
  EXPECT_THAT(error_of([&] { JsonLines{folder.path()}; }), HasSubstr("is a folder"));
  const std::filesystem::path pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { JsonLines{pipe}; }), HasSubstr("not an ordinary file"));
}

TEST(JsonLine, NamesAMissingFieldAndTheOneThatWasMeant) {
  EXPECT_EQ(error_of([] { line_of(R"({"other": "x"})").text("premise"); }), "it.jsonl:3: no field \"premise\"");
  EXPECT_EQ(error_of([] { line_of(R"({"premisse": "x"})").text("premise"); }),
            "it.jsonl:3: no field \"premise\"; is \"premisse\" meant to be it?");
}

TEST(JsonLine, DemandsTextThatIsNotBlank) {
  EXPECT_EQ(line_of(R"({"a": " x "})").text("a"), " x ");
  EXPECT_THAT(error_of([] { line_of(R"({"a": 3})").text("a"); }), HasSubstr("field \"a\" is 3; expected text"));
  EXPECT_THAT(error_of([] { line_of(R"({"a": {}})").text("a"); }),
              HasSubstr("field \"a\" is an object; expected text"));
  EXPECT_THAT(error_of([] { line_of(R"({"a": " \t"})").text("a"); }), HasSubstr("field \"a\" is empty"));
}

TEST(JsonLine, TakesAnAbsentTextAsNoneButNoOtherType) {
  EXPECT_EQ(line_of("{}").text_if_any("a"), "");
  EXPECT_EQ(line_of(R"({"a": null})").text_if_any("a"), "");
  EXPECT_EQ(line_of(R"({"a": "x"})").text_if_any("a"), "x");
  EXPECT_THAT(error_of([] { line_of(R"({"a": []})").text_if_any("a"); }), HasSubstr("expected text"));
}

TEST(JsonLine, ReadsIntegersAsNumbersAndAsDigits) {
  EXPECT_EQ(line_of(R"({"a": 4})").integer("a", 1, 4), 4);
  EXPECT_EQ(line_of(R"({"a": "4"})").integer("a", 1, 4), 4);
  EXPECT_EQ(line_of(R"({"a": -2})").integer("a", -2, 4), -2);
}

TEST(JsonLine, RefusesWhatIsNoIntegerInRange) {
  for (const char* bad : {"5", "0", "1.0", "\"\"", "\"1x\"", "\" 1\"", "true", "null", "18446744073709551615", "[1]"})
    EXPECT_THAT(error_of([&] { line_of(fmt::format(R"({{"a": {}}})", bad)).integer("a", 1, 4); }),
                EndsWith("; expected a whole number from 1 to 4"))
        << bad;
}

}  // namespace
}  // namespace tertium
