// The audit of the published benchmarks, which the project does not ship: the traps that are known of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/audit/audit.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AuditOfPublishedFiles : public testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT_SHARED(); }
  static Audit audited(const std::string& task, const std::string& split, const std::string& pivot,
                       const std::vector<std::string>& languages) {
    return audit(Experiment{
        .model = "/no/model",
        .pivot = pivot,
        .tasks = {
            {.name = task, .data = test::shared_folder() / "data" / task, .split = split, .languages = languages}}});
  }
  /// The finding of a check in a language whose message says something; a failure if there is none.
  static Finding the(const Audit& audit, const std::string& check, const std::string& language,
                     const std::string& says) {
    for (const Finding& finding : audit.findings)
      if (finding.check == check && finding.language == language && finding.message.find(says) != std::string::npos)
        return finding;
    ADD_FAILURE() << "no finding of " << check << " in \"" << language << "\" says " << says;
    return {};
  }
};

TEST_F(AuditOfPublishedFiles, FindsTheTrapsOfXcopaVal) {
  const Audit val = audited("xcopa", "", "en", {"it", "id", "th", "ta", "tr", "zh", "vi", "sw", "et"});
  for (const char* language : {"it", "id"})
    EXPECT_THAT(the(val, "question", language, "effect here, cause there").items,
                ElementsAre("10", "14", "15", "54", "62"));
  for (const char* language : {"th", "tr"})
    EXPECT_EQ(the(val, "question", language, "All 100 items say effect").count, 100u);
  EXPECT_EQ(the(val, "punctuation", "th", "Thai script").count, 100u);
  EXPECT_EQ(the(val, "punctuation", "ta", "mark in 96").count, 99u);
  EXPECT_THAT(the(val, "first_letter", "tr", "begins with İ").items, ElementsAre("1", "35", "73", "96"));
  the(val, "pivot", "", "en_it, en_id, en_th");
  EXPECT_EQ(val.count(Severity::error), 0u);
}

TEST_F(AuditOfPublishedFiles, FindsTheCountsOfQuestionsInXcopaTestAndGoesOnWithoutFiles) {
  const Audit test = audited("xcopa", "test", "en_it", {"it", "id", "sw", "th", "tr", "zh", "vi"});
  const std::string counts = the(test, "question", "", "by language").message;
  for (const char* part : {"it: cause 246, effect 254", "id: cause 246, effect 254", "sw: cause 213, effect 287",
                           "th: effect 500", "vi: cause 250, effect 250", "zh: cause 250, effect 250"})
    EXPECT_THAT(counts, HasSubstr(part));
  EXPECT_EQ(the(test, "question", "th", "All 500 items say effect").count, 500u);
  EXPECT_EQ(the(test, "files", "tr", "no such file").severity, Severity::error);
  the(test, "pivot", "zh", "takes en_zh");
}

TEST_F(AuditOfPublishedFiles, FindsTheEqualEndingsOfXStoryCloze) {
  const Audit stories = audited("xstorycloze", "", "en", {"ar"});
  EXPECT_THAT(the(stories, "repeated", "ar", "two options of one text").items,
              ElementsAre("bf5a0b2e-43fa-4e0d-957f-7beff5009909", "418b31ba-eb1a-4986-b569-dafa82f58bc3"));
}

TEST_F(AuditOfPublishedFiles, FindsNoErrorInBelebele) {
  const Audit questions = audited("belebele", "", "eng_Latn", {"deu_Latn", "tha_Thai", "arb_Arab"});
  EXPECT_EQ(questions.count(Severity::error), 0u);
  EXPECT_THAT(the(questions, "repeated", "eng_Latn", "two options of one text").items, ElementsAre("779"));
}

}  // namespace
}  // namespace tertium
