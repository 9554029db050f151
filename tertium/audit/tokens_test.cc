// The audit's checks of tokens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tertium/audit/audit.h"
#include "tertium/model/checkpoint.h"
#include "tests/support/files.h"
#include "tests/support/tiny_model.h"

namespace tertium {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

/// With a tokenizer of whole words, and items in the project's own format.
class AuditOfTokens : public test::FolderTest {
 protected:
  AuditOfTokens() {
    tiny.words = {"a", "sun", "rain", "rainbow", "came", "up", "down", "the", "very"};
    write_tiny_model(folder / "model", tiny);
    temporary.write("data/en.jsonl",
                    line("a", "the sun came", {" up", " down"}) + line("b", "the rain came", {" up", " down"}));
  }
  static std::string line(const std::string& id, const std::string& context, const std::vector<std::string>& options) {
    return json({{"id", id}, {"context", context}, {"options", options}, {"gold", id == "a" ? 0 : 1}}).dump() + "\n";
  }
  Experiment experiment() const { return {.model = folder / "model", .tasks = {spec}}; }
  std::vector<Finding> found(const std::string& check) const {
    std::vector<Finding> some;
    for (const Finding& finding : audit(experiment()).findings)
      if (finding.check == check) some.push_back(finding);
    return some;
  }
  test::TinyModel tiny;
  TaskSpec spec{.name = "items", .data = folder / "data", .languages = {"de"}};
};

TEST_F(AuditOfTokens, FindsJointsEqualTokensAndOptionsWithoutAny) {
  temporary.write("data/de.jsonl",
                  line("a", "very rain", {"bow up", " down"}) + line("b", "the sun", {" unheard", " unknown"}));
  EXPECT_THAT(found("joint"), ElementsAre(AllOf(Field(&Finding::items, ElementsAre("a")),
                                                Field(&Finding::message, HasSubstr("spans context and option"))),
                                          AllOf(Field(&Finding::items, ElementsAre("b")),
                                                Field(&Finding::message, HasSubstr("same tokens in loglik")))));
  temporary.write("data/de.jsonl", line("a", "very rain", {"bow", " down"}) + line("b", "the sun", {" up", " down"}));
  EXPECT_THAT(found("joint"),
              ElementsAre(AllOf(Field(&Finding::severity, Severity::error), Field(&Finding::language, "de"),
                                Field(&Finding::items, ElementsAre("a")),
                                Field(&Finding::message, HasSubstr("has no token of its own")))));
}

TEST_F(AuditOfTokens, TellsItemsTooLongForTheModelAsTheRunWillTakeThem) {
  temporary.write("data/de.jsonl", line("a", "very very very very very very sun", {" up", " down"}) +
                                       line("b", "the sun", {" up", " down"}));
  EXPECT_THAT(found("too_long"), IsEmpty());
  tiny.context = 8;
  write_tiny_model(folder / "model", tiny);
  EXPECT_THAT(found("too_long"), ElementsAre(AllOf(Field(&Finding::severity, Severity::error),
                                                   Field(&Finding::items, ElementsAre("a")), Field(&Finding::of, 2u))));
  spec.too_long = TooLong::cut;
  EXPECT_THAT(found("too_long"), ElementsAre(AllOf(Field(&Finding::severity, Severity::warning),
                                                   Field(&Finding::message, HasSubstr("lose tokens")))));
}

TEST_F(AuditOfTokens, ComparesTokensWithThePivotsWithoutThoseThatStandForNoText) {
  temporary.write("data/de.jsonl", line("a", "the very very very very sun", {" up", " down"}) +
                                       line("b", "the very very very very rain", {" up", " down"}));
  EXPECT_THAT(found("fertility"),
              ElementsAre(Field(&Finding::message,
                                HasSubstr("those in en (1.00 a word, 0.24 a character): de 2.00 (1.00 a word"))));
}

TEST_F(AuditOfTokens, FindsTheSameInItemsThatARunHasPrepared) {
  temporary.write("data/de.jsonl",
                  line("a", "very rain", {"bow up", " down"}) + line("b", "the very sun", {" unheard", " unknown"}));
  TaskSpec letters = spec;
  letters.protocol = Protocol::letters;
  tiny.words.insert(tiny.words.end(), {"A", "B"});
  write_tiny_model(folder / "model", tiny);
  Experiment both = experiment();
  both.tasks.push_back(letters);
  const Tokenizer tokenizer = Tokenizer::open(folder / "model");
  const Limits limits{tiny.context, tiny.vocabulary()};
  const auto config = config_and_files(folder / "model").first;
  EXPECT_EQ(audit(both).findings, audit(both, prepare(both, tokenizer, config), tokenizer, limits).findings);
}

}  // namespace
}  // namespace tertium
