// tertium audit, and what a run says of it, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tertium/base/text.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::Finished;
using test::output_of;
using test::run_program;
using testing::AllOf;
using testing::HasSubstr;

class AuditCommand : public test::SmallExperiment {
 protected:
  Finished audit(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"audit", experiment.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  void make_gold_differ() const {
    replace_item("de", 1,
                 R"({"id": "rain-wet", "context": "die Nässe ist", "options": [" nass", " sehr trocken"], "gold": 1})");
  }
};

TEST_F(AuditCommand, PrintsFindingsByTaskAndLanguageInEightyColumns) {
  make_gold_differ();
  const Finished finished = audit();
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("Found 1 error, "), HasSubstr("\n── items ──\n"),
                                  HasSubstr("\n  de\n    error    parallel: In 1 of 20 items the gold"),
                                  HasSubstr("\n             Items: rain-wet\n")));
  for (const std::string& line : test::lines_of(finished.out)) EXPECT_LE(code_points(line), 80u) << line;
}

TEST_F(AuditCommand, StrictlyEndsWithOneWhereThereIsAnErrorOrAWarning) {
  EXPECT_EQ(audit({"--strict"}).status, 0) << audit().out;
  make_gold_differ();
  const Finished strict = audit({"--strict"});
  EXPECT_EQ(strict.status, 1);
  EXPECT_EQ(strict.err, "");
  EXPECT_THAT(strict.out, HasSubstr("rain-wet"));
}

TEST_F(AuditCommand, GivesJsonWithEveryId) {
  make_gold_differ();
  const json found = json::parse(audit({"--json"}).out);
  EXPECT_EQ(found.at("errors"), 1);
  bool is_there = false;
  for (const json& finding : found.at("findings"))
    if (finding.at("check") == "parallel") {
      is_there = true;
      EXPECT_EQ(finding.at("items"), json({"rain-wet"}));
      EXPECT_EQ(finding.at("severity"), "error");
      EXPECT_EQ(finding.at("language"), "de");
      EXPECT_EQ(finding.at("of"), 20);
    }
  EXPECT_TRUE(is_there);
}

TEST_F(AuditCommand, WithoutTheModelSaysWhatItLeftOut) {
  EXPECT_THAT(audit({"--set", "model=nowhere/at/all"}).out, HasSubstr("Left out: The checks of tokens"));
}

TEST_F(AuditCommand, FindsWhatARunCounts) {
  const std::string found = test::lines_of(audit().out).front();
  const std::string counts = found.substr(6, found.size() - 7);  // "Found 2 notes."
  EXPECT_THAT(run().out, HasSubstr("\naudit: " + counts + "; tertium audit " + experiment.string() + " tells them\n"));
}

}  // namespace
}  // namespace tertium
