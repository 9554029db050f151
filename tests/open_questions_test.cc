// Open answers: a whole run, judged by what it has stored.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tertium/engine/engine.h"
#include "tertium/protocols/question.h"
#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class OpenQuestionsRun : public test::SmallExperiment {
 protected:
  OpenQuestionsRun() {
    temporary.write("questions/en.jsonl",
                    "{\"id\": \"a\", \"prompt\": \"the rain is\", \"answers\": [\".*\"]}\n"
                    "{\"id\": \"b\", \"prompt\": \"the sun is very\", \"answers\": [\"^no such answer$\"]}\n");
    temporary.write("questions/de.jsonl",
                    "{\"id\": \"b\", \"prompt\": \"die Sonne ist sehr\", \"answers\": [\".*\"]}\n"
                    "{\"id\": \"a\", \"prompt\": \"die Luft ist\", \"answers\": [\"^no such answer$\"]}\n");
    write("match = \"regex\"\n");
  }
  void write(const std::string& keys) {
    temporary.write("experiment.toml",
                    "model = \"model\"\ndtype = \"f32\"\n[[task]]\nname = \"generate\"\ndata = \"questions\"\n"
                    "languages = [\"de\"]\nmax_new_tokens = 4\n" +
                        keys);
  }
};

TEST_F(OpenQuestionsRun, StoresTheGreedyAnswerAndWhetherItIsRight) {
  const std::string folder = results_of("results").string();
  const Store store = Store::open(folder);
  const Engine engine(Model::load(model, "f32"));
  const Tokenizer tokenizer = Tokenizer::open(model);
  ASSERT_EQ(store.generations().size(), 4u);
  for (const GenerationRow& row : store.generations()) {
    const std::string prompt = row.language == "en" ? (row.item == "a" ? "the rain is" : "the sun is very")
                                                    : (row.item == "a" ? "die Luft ist" : "die Sonne ist sehr");
    std::vector<TokenId> tokens = encode_prompt(tokenizer, prompt), made;
    for (int i = 0; i < 4; ++i) {
      Job job{.name = "whole", .strands = {{.tokens = tokens}}};
      job.readings = {{0, static_cast<int>(tokens.size()) - 1, Readout::logits, {}}};
      const std::vector<float> logits = engine.run(job).readings[0];
      made.push_back(static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin()));
      tokens.push_back(made.back());
    }
    EXPECT_EQ(row.text, tokenizer.decode(made)) << row.language << row.item;
    EXPECT_FALSE(row.log_prob) << "a pattern has none";
  }
  const json languages = json::parse(test::output_of({"stats", folder, "--json"})).at("languages");
  ASSERT_EQ(languages.size(), 2u);
  EXPECT_EQ(languages[1].at("task"), "generate");
  EXPECT_EQ(languages[1].at("correct"), 1);
  EXPECT_EQ(languages[1].at("tf"), 1) << "a is right in English alone";
  EXPECT_EQ(languages[1].at("fs"), 1) << "b here alone";
  EXPECT_THAT(test::output_of({"show", folder}), HasSubstr("generate"));
}

TEST_F(OpenQuestionsRun, GoesOnAndRefusesOtherAnswers) {
  const auto folder = results_of("results");
  const std::size_t units = Store::open(folder).units().size();
  results_of("results");
  EXPECT_EQ(Store::open(folder).units().size(), units);
  EXPECT_THAT(run({"--set", "task.max_new_tokens=3"}).err, HasSubstr("asked or judged otherwise"));
}

TEST_F(OpenQuestionsRun, RefusesAQuestionThatALanguageLacks) {
  temporary.write("questions/de.jsonl", "{\"id\": \"a\", \"prompt\": \"die\", \"answers\": [\".*\"]}\n");
  EXPECT_THAT(run().err, HasSubstr("de.jsonl: has no question \"b\""));
  EXPECT_FALSE(std::filesystem::exists(results / "results.db"));
}

}  // namespace
}  // namespace tertium
