// Few-shot, other symbols and orders, categories and positions, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::Finished;
using test::lines_of;
using test::output_of;
using test::run_program;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Asking : public test::SmallExperiment {
 protected:
  std::string shown_positions(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"tokenize", model.string(), "--positions", experiment.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return output_of(arguments);
  }
};

TEST_F(Asking, EveryOrderIsAProtocolAndGoldStaysTheItemsOwn) {
  const std::string printed = run({"--set", "task.1.permutations=all", "--set", "task.1.symbols=BA", "--set",
                                   "task.1.limit=6", "--set", "task.0.limit=6"})
                                  .out;
  EXPECT_THAT(printed, AllOf(HasSubstr("letters:BA:01"), HasSubstr("letters:BA:10"), HasSubstr("same ")));
  std::set<std::string> protocols;
  std::map<std::pair<std::string, std::string>, std::set<int>> gold;  // language, item → the options called gold
  for (const ScoreRow& row : Store::open(results).scores()) {
    protocols.insert(row.protocol);
    if (row.is_gold) gold[{row.language, row.item}].insert(row.option);
  }
  EXPECT_THAT(protocols, ElementsAre("letters:BA:01", "letters:BA:10", "loglik"));
  for (const auto& [item, options] : gold) EXPECT_EQ(options.size(), 1u) << item.second;
}

TEST_F(Asking, ExamplesAreShownAndNeverTheItemItself) {
  const auto contexts = [&](const std::string& item) {
    std::string text;
    for (const std::string& line : lines_of(shown_positions({"--item", item, "--json", "--set", "task.shots=2"}))) {
      const json token = json::parse(line);
      if (token["language"] == "en" && token["prompt"].get<std::string>().find("loglik") != std::string::npos)
        text += token["piece"].get<std::string>() + " ";
    }
    return text;
  };
  EXPECT_THAT(contexts("cat-hot"), HasSubstr("rain"));
  EXPECT_EQ(contexts("cat-wet").find("sun"), std::string::npos) << "the first two are of rain";
  EXPECT_THAT(contexts("rain-wet"), HasSubstr("sun")) << "the item itself makes room for the third";
}

TEST_F(Asking, EveryFileThatDecidesNumbersIsHashed) {
  const std::string examples =
      R"({"id": "x", "context": "the sun is", "options": [" hot", " cold"], "gold": 0})"
      "\n";
  for (const char* file : {"examples/en.jsonl", "examples/de.jsonl"}) temporary.write(file, examples);
  temporary.write("prompt.toml", "[items]\nletters = [\" A\", \" B\"]\nprompt = \"{context}\\n{options}\\nAnswer:\"\n");
  results_of("results", {"--set", "task.limit=2", "--set", "task.shots=1", "--set",
                         "task.shots_data=" + (folder / "examples").string(), "--set",
                         "task.1.prompt=" + (folder / "prompt.toml").string()});
  std::set<std::string> hashed;
  for (const auto& [key, value] : Store::open(results).info())
    if (key.starts_with("sha256 ")) hashed.insert(key.substr(7));
  EXPECT_THAT(hashed, testing::IsSupersetOf({"items data/en.jsonl", "items data/de.jsonl", "items examples/en.jsonl",
                                             "items examples/de.jsonl", "items prompt.toml", "model config.json",
                                             "tokenizer tokenizer.json"}));
}

TEST_F(Asking, CategoriesAreStoredAndShown) {
  replace_item(
      "en", 1,
      R"({"id": "rain-wet", "context": "the rain is", "options": [" wet", " very dry"], "gold": 0, "category": "weather"})");
  const Finished finished = run({"--by", "category"});
  EXPECT_THAT(finished.out, HasSubstr("══ category weather ══"));
  EXPECT_EQ(output_of({"show", results.string(), "--by", "category"}).substr(1, 20),
            finished.out.substr(finished.out.find("\n── ") + 1, 20));
  const std::vector<ItemRow> items = Store::open(results).items();
  ASSERT_EQ(items.size(), static_cast<std::size_t>(kItems));
  EXPECT_EQ(items[0].category, "weather");
  EXPECT_EQ(items[1].category, "");
}

TEST_F(Asking, ByCategoryWithoutAnyEndsBeforeTheRun) {
  EXPECT_EQ(run({"--by", "category"}).err, "Error: --by category: no item has a field \"category\" (docs/items.md)\n");
}

TEST_F(Asking, PositionsAreShownInBothLanguagesSideBySide) {
  EXPECT_THAT(shown_positions({"--language", "de", "--item", "cat-hot"}),
              AllOf(HasSubstr("items, letters, item cat-hot"), HasSubstr("Katze"), HasSubstr("cat"), HasSubstr("last"),
                    HasSubstr("premise_end")));
  EXPECT_THAT(run_program({"tokenize", model.string(), "--positions", experiment.string(), "--item", "none"}).err,
              HasSubstr("--item none: items has no item of that id; the first is \"rain-wet\""));
  EXPECT_THAT(run_program({"tokenize", model.string()}).err, HasSubstr("give either a text, or --positions"));
}

TEST_F(Asking, TheSummaryIsThereAsJson) {
  replace_item(
      "en", 1,
      R"({"id": "rain-wet", "context": "the rain is", "options": [" wet", " very dry"], "gold": 0, "category": "weather"})");
  run({"--set", "task.1.permutations=all"});
  const json shown = json::parse(output_of({"show", results.string(), "--json", "--by", "category"}));
  const json& loglik = shown.at("languages").at(1);
  EXPECT_EQ(loglik.at("protocol"), "loglik");
  EXPECT_LE(loglik.at("accuracy_ci").at(0), loglik.at("accuracy"));
  EXPECT_EQ(loglik.at("n"), kItems);
  EXPECT_EQ(shown.at("agreement").at(0).at("accuracy").size(), 2u) << "two options have two orders";
  EXPECT_EQ(shown.at("categories").at("weather").at("languages").at(0).at("n"), 1);
}

}  // namespace
}  // namespace tertium
