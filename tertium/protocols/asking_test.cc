#include "tertium/protocols/asking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tertium {
namespace {

using testing::ElementsAre;

/// Three tokens of context; options of three, one and two tokens.
Question loglik() { return {.protocol = Protocol::loglik, .context = {0, 1, 2}, .options = {{3, 4, 5}, {6}, {7, 8}}}; }
Question letters() { return {.protocol = Protocol::letters, .context = {0, 1, 2}, .options = {{3}, {4}}}; }

void expect_reading(const Reading& reading, int strand, int row, Readout readout, std::vector<TokenId> tokens) {
  EXPECT_EQ(reading.strand, strand);
  EXPECT_EQ(reading.row, row);
  EXPECT_EQ(reading.readout, readout);
  EXPECT_EQ(reading.tokens, tokens);
}

void expect_hangs_on(const Strand& strand, int on, int rows) {
  ASSERT_TRUE(strand.prefix);
  EXPECT_EQ(strand.prefix->strand, on);
  EXPECT_EQ(strand.prefix->rows, rows);
}

TEST(Ask, LeavesOutTheLastTokensWhichPredictNothing) {
  Job job;
  const AskedStrands asked = ask(job, loglik(), /*whole_options=*/false);
  ASSERT_EQ(job.strands.size(), 3u);
  EXPECT_EQ(asked.context, 0);
  EXPECT_THAT(asked.options, ElementsAre(1, -1, 2)) << "an option of one token has no strand";
  EXPECT_FALSE(job.strands[0].prefix);
  EXPECT_THAT(job.strands[0].tokens, ElementsAre(0, 1, 2));
  EXPECT_THAT(job.strands[1].tokens, ElementsAre(3, 4));
  EXPECT_THAT(job.strands[2].tokens, ElementsAre(7));
  expect_hangs_on(job.strands[1], 0, 3);
  expect_hangs_on(job.strands[2], 0, 3);
}

TEST(OptionScores, LeaveOutWhatOnlyStandsBeforeTheScoredTokens) {
  Question question = loglik();
  question.unscored = {2, 0, 1};
  Job job;
  const AskedStrands asked = ask(job, question, false);
  const JobResult result{.readings = {{-1, -2, -4}, {-8}, {-16}, {-32}}};
  EXPECT_THAT(option_scores(question, asked, result), ElementsAre(-16, -2, -32));
  EXPECT_EQ(question.scored_tokens(0), 1u);
  question.unscored.clear();
  EXPECT_THAT(option_scores(question, asked, result), ElementsAre(-25, -2, -36));
}

TEST(Compared, DividesByTheLengthThatTheRuleNames) {
  Question question = loglik();
  question.option_texts = {" été", "ab", " c"};
  EXPECT_THAT(compared(question, {-6, -6, -6}), ElementsAre(-6, -6, -6));
  question.rule = ScoreRule::per_character;
  EXPECT_THAT(compared(question, {-6, -6, -6}), ElementsAre(-2, -3, -6));
  question.rule = ScoreRule::per_byte;
  EXPECT_THAT(compared(question, {-5, -6, -6}), ElementsAre(-1, -3, -6));
}

TEST(Ask, WholeOptionsHaveRowsForAllTokens) {
  Job job;
  const AskedStrands asked = ask(job, loglik(), /*whole_options=*/true);
  EXPECT_THAT(asked.options, ElementsAre(1, 2, 3));
  EXPECT_THAT(job.strands[1].tokens, ElementsAre(3, 4, 5));
  EXPECT_THAT(job.strands[2].tokens, ElementsAre(6));
  EXPECT_EQ(job.readings.size(), 1u + 2 + 0 + 1) << "no more is read than without";
}

TEST(Ask, ReadsEachTokenAtTheRowBeforeIt) {
  Job job;
  const AskedStrands asked = ask(job, loglik(), false);
  EXPECT_EQ(asked.first_reading, 0);
  ASSERT_EQ(job.readings.size(), 4u);
  expect_reading(job.readings[0], 0, 2, Readout::log_probs, {3, 6, 7});
  expect_reading(job.readings[1], 1, 0, Readout::log_probs, {4});
  expect_reading(job.readings[2], 1, 1, Readout::log_probs, {5});
  expect_reading(job.readings[3], 2, 0, Readout::log_probs, {8});
}

TEST(Ask, ReadsTheLogitsOfTheLettersAtOneRow) {
  Job job;
  const AskedStrands asked = ask(job, letters(), true);
  EXPECT_EQ(job.strands.size(), 1u);
  EXPECT_TRUE(asked.options.empty());
  ASSERT_EQ(job.readings.size(), 1u);
  expect_reading(job.readings[0], 0, 2, Readout::logits, {3, 4});
}

TEST(Ask, AddsToWhatAJobHoldsAlready) {
  Job job;
  ask(job, letters(), false);
  const AskedStrands asked = ask(job, loglik(), false);
  EXPECT_EQ(asked.context, 1);
  EXPECT_THAT(asked.options, ElementsAre(2, -1, 3));
  EXPECT_EQ(asked.first_reading, 1);
  expect_hangs_on(job.strands[2], 1, 3);
}

TEST(AskBranched, CountsRowsFromTheFirstThatBranchesOff) {
  Job job;
  const AskedStrands clean = ask(job, loglik(), false);
  const AskedStrands asked = ask_branched(job, loglik(), clean, /*first_row=*/1, /*block=*/2, /*blocks=*/4);
  const Strand& context = job.strands[asked.context];
  expect_hangs_on(context, clean.context, 1);
  EXPECT_EQ(context.rows(), 2);
  EXPECT_EQ(context.branch->first_row, 1);
  EXPECT_EQ(context.first_block(), 2);
  EXPECT_THAT(asked.options, ElementsAre(4, -1, 5));
  expect_hangs_on(job.strands[4], asked.context, 2);
  EXPECT_EQ(job.strands[4].branch->of, clean.options[0]);
  EXPECT_EQ(job.strands[4].first_block(), 2);
  EXPECT_EQ(asked.first_reading, 4);
  expect_reading(job.readings[4], asked.context, 1, Readout::log_probs, {3, 6, 7});
}

TEST(AskBranched, OfWholeOptionsFollowsOnlyTheRowsThatPredict) {
  Job job;
  const AskedStrands clean = ask(job, loglik(), true);
  const AskedStrands asked = ask_branched(job, loglik(), clean, 2, 1, 4);
  EXPECT_EQ(job.strands[asked.options[0]].rows(), 2);
  EXPECT_EQ(asked.options[1], clean.options[1]) << "nothing in it is read";
  EXPECT_EQ(job.strands[asked.options[2]].rows(), 1);
}

TEST(OptionScores, SumTheReadingsOfEachOption) {
  Job job;
  const AskedStrands asked = ask(job, loglik(), false);
  const JobResult result{.readings = {{-1, -2, -4}, {-8}, {-16}, {-32}}};
  EXPECT_THAT(option_scores(loglik(), asked, result), ElementsAre(-1 - 8 - 16, -2, -4 - 32));
}

TEST(OptionScores, BeginAtTheQuestionsOwnReadings) {
  Job job;
  const AskedStrands clean = ask(job, loglik(), false), patched = ask_branched(job, loglik(), clean, 2, 1, 4);
  JobResult result{.readings = {{-1, -2, -4}, {-8}, {-16}, {-32}, {-64, -128, -256}, {-512}, {-1024}, {-2048}}};
  EXPECT_THAT(option_scores(loglik(), patched, result), ElementsAre(-64 - 512 - 1024, -128, -256 - 2048));
}

TEST(OptionScores, OfLettersAreTheirLogits) {
  Job job;
  const AskedStrands asked = ask(job, letters(), false);
  EXPECT_THAT(option_scores(letters(), asked, {.readings = {{1.5, -0.5}}}), ElementsAre(1.5, -0.5));
}

TEST(AddText, HangsOnWhatItShares) {
  Job job;
  const AskedStrands asked = ask(job, letters(), false);
  const int longer = add_text(job, {0, 1, 2, 9}, asked);
  expect_hangs_on(job.strands[longer], asked.context, 3);
  EXPECT_THAT(job.strands[longer].tokens, ElementsAre(9));
  const int parting = add_text(job, {0, 7, 2}, asked);
  expect_hangs_on(job.strands[parting], asked.context, 1);
  EXPECT_THAT(job.strands[parting].tokens, ElementsAre(7, 2));
}

TEST(AddText, KeepsARowOfItsOwn) {
  Job job;
  const AskedStrands asked = ask(job, letters(), false);
  const int same = add_text(job, {0, 1, 2}, asked);
  expect_hangs_on(job.strands[same], asked.context, 2);
  EXPECT_THAT(job.strands[same].tokens, ElementsAre(2));
  const int shorter = add_text(job, {0}, asked);
  expect_hangs_on(job.strands[shorter], asked.context, 0);
  EXPECT_THAT(job.strands[shorter].tokens, ElementsAre(0));
}

}  // namespace
}  // namespace tertium
