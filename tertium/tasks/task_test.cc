#include "tertium/tasks/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/base/text.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;

Item item(std::string id, std::string language, std::size_t gold = 0, std::size_t options = 2) {
  Item item;
  item.id = std::move(id);
  item.language = std::move(language);
  item.gold = gold;
  item.options.resize(options);
  return item;
}

std::vector<std::string> ids(const std::vector<Item>& items) {
  std::vector<std::string> ids;
  for (const Item& item : items) ids.push_back(item.id);
  return ids;
}

constexpr char line_a[] = R"({"id": "a", "context": "One and", "options": [" two", " three"], "gold": 0})";
constexpr char line_b[] = R"({"id": "b", "context": "One and", "options": [" two", " three"], "gold": 1})";

TEST(Tasks, AreFoundByName) {
  for (const std::string& name : task_names()) EXPECT_EQ(task_named(name).name, name);
}

TEST(Tasks, UnknownNameListsTheKnownAndTheNearest) {
  EXPECT_EQ(error_of([] { task_named("xcoppa"); }),
            "no task \"xcoppa\"; did you mean \"xcopa\"? The tasks are " + join(task_names()));
  EXPECT_EQ(error_of([] { task_named("?"); }), "no task \"?\"; The tasks are " + join(task_names()));
}

TEST(Tasks, WithOneFileALanguageRefuseASplit) {
  EXPECT_EQ(task_named("belebele").files("data", "deu_Latn", "").front().path, "data/deu_Latn.jsonl");
  EXPECT_THAT(error_of([] { task_named("belebele").files("data", "deu_Latn", "val"); }), HasSubstr("no split \"val\""));
}

TEST(ReadItems, KeepsFileOrderAndFillsInLanguageAndFields) {
  const TempFolder folder;
  folder.write("it.jsonl", fmt::format("{}\n\n{}\n", line_b, line_a));
  const std::vector<Item> items = read_items(task_named("items"), folder.path(), "it", "");
  EXPECT_THAT(ids(items), ElementsAre("b", "a"));
  EXPECT_EQ(items[0].language, "it");
  EXPECT_EQ(items[0].fields.at("context"), "One and");
  EXPECT_FALSE(items[0].fields.contains("gold")) << "only text fields";
}

TEST(ReadItems, NamesAFileThatIsNotThereAndWhatIsInItsPlace) {
  const TempFolder folder;
  const auto error = [&](const std::filesystem::path& data) {
    return error_of([&] { read_items(task_named("items"), data, "it", ""); });
  };
  EXPECT_EQ(error("nowhere"), "nowhere: no such folder; task.data must name the one that holds the files of items");
  const std::string lead =
      (folder.path() / "it.jsonl").string() + ": no such file; items looks there for language \"it\"; ";
  EXPECT_EQ(error(folder.path()), lead + folder.path().string() + " holds nothing");
  folder.write("en.jsonl", "");
  folder.write("de.jsonl", "");
  EXPECT_EQ(error(folder.path()), lead + folder.path().string() + " holds de.jsonl, en.jsonl");
  folder.write("it.jsonl.gz", "");
  EXPECT_EQ(error(folder.path()), lead + "it.jsonl.gz is there: unpack it");
  folder.write("it.json", "");
  EXPECT_THAT(error(folder.path()), HasSubstr("it.json is there: if it holds one JSON object a line, name it .jsonl"));
}

TEST(ReadItems, RefusesALineOfAnotherLanguageThanItsFile) {
  const TempFolder folder;
  const auto error = [&](const char* task, const std::string& line) {
    folder.write("it.jsonl", line + "\n");
    folder.write("it/val.it.jsonl", line + "\n");
    return error_of([&] { read_items(task_named(task), folder.path(), "it", ""); });
  };
  EXPECT_THAT(error("belebele", R"({"dialect": "deu_Latn"})"),
              HasSubstr("it.jsonl:1: field \"dialect\" is \"deu_Latn\" in the file of \"it\"; move the line"));
  for (const char* task : {"xcopa", "xstorycloze", "items"})
    EXPECT_THAT(error(task, R"({"language": "de"})"), HasSubstr("field \"language\" is \"de\" in the file of \"it\""));
}

TEST(ReadItems, RefusesAFileWithoutItems) {
  const TempFolder folder;
  folder.write("it.jsonl", "\n \n");
  EXPECT_THAT(error_of([&] { read_items(task_named("items"), folder.path(), "it", ""); }),
              HasSubstr("it.jsonl: holds no items"));
}

TEST(ReadItems, RefusesAnIdUsedTwice) {
  const TempFolder folder;
  folder.write("it.jsonl", fmt::format("{}\n{}\n{}\n", line_a, line_b, line_a));
  const std::string error = error_of([&] { read_items(task_named("items"), folder.path(), "it", ""); });
  EXPECT_THAT(error, HasSubstr("it.jsonl:3: id \"a\" was used at "));
  EXPECT_THAT(error, HasSubstr("it.jsonl:1 already"));
}

TEST(ReadItems, ReportsTheFirstProblemOnly) {
  const TempFolder folder;
  folder.write("it.jsonl", fmt::format("{}\n{{\"id\": \"c\"}}\nnonsense\n", line_a));
  EXPECT_THAT(error_of([&] { read_items(task_named("items"), folder.path(), "it", ""); }),
              HasSubstr("it.jsonl:2: no field \"context\""));
}

TEST(ParallelTo, TakesTheOrderOfThePivot) {
  const std::vector<Item> pivot = {item("a", "en"), item("b", "en", 1), item("c", "en")};
  const std::vector<Item> items = parallel_to(pivot, {item("c", "it"), item("a", "it"), item("b", "it", 1)});
  EXPECT_THAT(ids(items), ElementsAre("a", "b", "c"));
  EXPECT_EQ(items[1].gold, 1u);
  EXPECT_EQ(items[1].language, "it");
}

TEST(ParallelTo, NamesAnItemThatOneSideLacks) {
  EXPECT_THAT(error_of([] {
                parallel_to({item("a", "en"), item("b", "en")}, {item("a", "it")});
              }),
              HasSubstr("item \"b\" is in en but not in it"));
  EXPECT_THAT(error_of([] {
                parallel_to({item("a", "en")}, {item("z", "it"), item("a", "it")});
              }),
              HasSubstr("item \"z\" is in it but not in en"));
  EXPECT_THAT(error_of([] { parallel_to({item("a", "en")}, {}); }),
              HasSubstr("item \"a\" is in en but not in (no items)"));
}

TEST(ParallelTo, NamesTheFirstItemThatDiffers) {
  EXPECT_THAT(error_of([] { parallel_to({item("a", "en", 1)}, {item("a", "it", 0)}); }),
              HasSubstr("item \"a\": the gold option (0-based) is 0 in it but 1 in en"));
  EXPECT_THAT(error_of([] { parallel_to({item("a", "en", 1, 2)}, {item("a", "it", 1, 4)}); }),
              HasSubstr("item \"a\": the number of options is 4 in it but 2 in en"));
}

}  // namespace
}  // namespace tertium
