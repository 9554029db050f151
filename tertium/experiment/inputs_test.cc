#include "tertium/experiment/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/base/error.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_of_inputs(const std::vector<Input>& inputs) {
  std::vector<std::string> names;
  for (const Input& input : inputs) names.push_back(input.name);
  return names;
}

PreparedTask task_of(const std::string& name, std::vector<std::filesystem::path> files) {
  PreparedTask task;
  task.spec.name = name;
  task.files = std::move(files);
  return task;
}

TEST(Inputs, AreNamedByWhatTheyAreToTheRunWhereverTheyLie) {
  const auto named = [](const std::string& root) {
    return names_of_inputs(inputs_of({{root + "/m/config.json"}, {root + "/m/model.safetensors"}},
                                     {root + "/m/tokenizer.json"},
                                     {task_of("xcopa", {root + "/x/it/val.it.jsonl", root + "/x/en/val.en.jsonl"})}, {}));
  };
  EXPECT_THAT(named("a"), ElementsAre("model config.json", "model model.safetensors", "tokenizer tokenizer.json",
                                      "xcopa val.it.jsonl", "xcopa val.en.jsonl"));
  EXPECT_EQ(named("a"), named("elsewhere/b"));
}

TEST(Inputs, OfOneNameAreToldApartByTheirFolders) {
  EXPECT_THAT(names_of_inputs(inputs_of({}, {}, {task_of("items", {"d/data/en.jsonl", "d/shots/en.jsonl", "d/p.toml"}),
                                                 task_of("belebele", {"d/b/en.jsonl"})}, {})),
              ElementsAre("items data/en.jsonl", "items shots/en.jsonl", "items p.toml", "belebele en.jsonl"));
}

TEST(Inputs, AreNamedOnceEach) {
  EXPECT_THAT(names_of_inputs(inputs_of({{"m.gguf"}}, {"m.gguf"},
                                        {task_of("items", {"en.jsonl"}), task_of("items", {"en.jsonl", "p.toml"})}, {})),
              ElementsAre("model m.gguf", "items en.jsonl", "items p.toml"));
}

TEST(Inputs, OfACorpusAreNamedByIt) {
  const PreparedCorpus corpus{.spec = {.data = "d/flores200"}, .files = {"d/flores200/en.dev", "d/flores200/it.dev"}};
  EXPECT_THAT(names_of_inputs(inputs_of({}, {}, {}, {corpus})),
              ElementsAre("parallel flores200 en.dev", "parallel flores200 it.dev"));
}

TEST(Inputs, ThatResultsWereNotMadeFromAreNamed) {
  const RunInfo stored = {{"sha256 model config.json", "1"}, {"sha256 xcopa val.it.jsonl", "2"}};
  EXPECT_NO_THROW(demand_same_inputs(stored, {{"xcopa val.it.jsonl", "2"}}, "results"))
      << "an experiment may ask less than the results hold";
  EXPECT_EQ(test::error_of([&] {
              demand_same_inputs(
                  stored, {{"model config.json", "3"}, {"xcopa val.it.jsonl", "2"}, {"tokenizer tokenizer.json", "4"}},
                  "results");
            }),
            "results: these results were made from other files: model config.json (changed), tokenizer tokenizer.json "
            "(not among theirs); run the experiment again, or leave the results out");
}

}  // namespace
}  // namespace tertium
