#include "tertium/patching/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/model/config.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int kBlocks = 3;
constexpr int kWidth = 2;

/// Four tokens of context; an option of three tokens and one of a single token.
Question loglik() {
  return {
      .name = "xcopa it, item 1", .protocol = Protocol::loglik, .context = {0, 1, 2, 3}, .options = {{4, 5, 6}, {7}}};
}

Question letters() {
  return {.name = "xcopa it, item 1", .protocol = Protocol::letters, .context = {0, 1, 2, 3}, .options = {{8}, {9}}};
}

constexpr int kMany = 1'000'000;

/// The stream of a donor: at index l the state (10 l, 10 l + 1).
class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    for (int l = 0; l <= kBlocks; ++l) stream.insert(stream.end(), {10.0f * l, 10.0f * l + 1});
  }

  /// resid_post of each block at the last token.
  std::vector<Patch> by_block() const {
    Config config{.hidden = kWidth};
    config.layers.resize(kBlocks);
    std::vector<std::vector<float>> recorded = {stream};
    donor = Activations(config, {{Quantity::resid}, {7}}, recorded);
    return resid_post_by_block(donor, 7, 3, kBlocks);
  }
  Sweep sweep_of(const Question& question) const { return make_sweeps(question, by_block(), kBlocks, kMany).at(0); }

  std::vector<float> stream;
  mutable Activations donor;
};

TEST_F(SweepTest, StartsWithTheCleanRun) {
  const Sweep sweep = sweep_of(loglik());
  EXPECT_EQ(sweep.job.name, "xcopa it, item 1");
  EXPECT_THAT(sweep.job.strands[0].tokens, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(sweep.job.strands[1].tokens, ElementsAre(4, 5)) << "the last token of an option predicts nothing";
  EXPECT_THAT(sweep.job.recordings, IsEmpty());
}

TEST_F(SweepTest, ReplacesEveryBlocksOutputAtTheLastToken) {
  const Sweep sweep = sweep_of(loglik());
  ASSERT_EQ(sweep.job.interventions.size(), 3u);
  for (int b = 0; b < kBlocks; ++b) {
    const Intervention& put = sweep.job.interventions[b];
    const Strand& context = sweep.job.strands[put.strand];
    EXPECT_EQ(put.site, (Site{SiteKind::resid_post, b}));
    EXPECT_EQ(put.row, 0);
    EXPECT_THAT(put.change.values, ElementsAre(10 * (b + 1), 10 * (b + 1) + 1))
        << "resid_post of a block is stream index b + 1";
    EXPECT_EQ(put.strand, sweep.asked[b].context);
    ASSERT_TRUE(context.branch && context.prefix);
    EXPECT_EQ(context.branch->of, 0);
    EXPECT_EQ(context.branch->first_row, 3) << "the last of four tokens";
    EXPECT_EQ(context.branch->rows, 1);
    EXPECT_EQ(context.branch->block, b + 1) << "nothing before the edit is computed anew";
    EXPECT_EQ(context.prefix->strand, 0);
    EXPECT_EQ(context.prefix->rows, 3);
  }
}

TEST_F(SweepTest, OptionsFollowThePatchedContext) {
  const Sweep sweep = sweep_of(loglik());
  for (int b = 0; b < kBlocks - 1; ++b) {
    const AskedStrands& asked = sweep.asked[b];
    const Strand& option = sweep.job.strands[asked.options[0]];
    ASSERT_TRUE(option.branch && option.prefix);
    EXPECT_EQ(option.branch->of, 1);
    EXPECT_EQ(option.branch->first_row, 0);
    EXPECT_EQ(option.branch->rows, 2);
    EXPECT_EQ(option.branch->block, b + 1);
    EXPECT_EQ(option.prefix->strand, asked.context);
    EXPECT_EQ(option.prefix->rows, 1);
    EXPECT_EQ(asked.options[1], -1) << "an option of one token is predicted by the context alone";
  }
}

TEST_F(SweepTest, BehindTheLastBlockNoOptionIsComputedAnew) {
  const Sweep sweep = sweep_of(loglik());
  EXPECT_THAT(sweep.asked.back().options, ElementsAre(1, -1)) << "the clean strands";
  EXPECT_EQ(sweep.job.strands.size(), 2u + 2 + 2 + 1) << "clean; blocks 0 and 1 with an option; the last block";
}

TEST_F(SweepTest, EachPatchedRunReadsAllItsOptionTokens) {
  const Sweep sweep = sweep_of(loglik());
  ASSERT_EQ(sweep.job.readings.size(), 4u * 3) << "clean and three blocks: the first tokens, and two later ones";
  for (int b = 0; b < kBlocks; ++b) {
    const AskedStrands& asked = sweep.asked[b];
    const Reading* reading = &sweep.job.readings[asked.first_reading];
    EXPECT_EQ(asked.first_reading, 3 * (b + 1));
    EXPECT_EQ(reading[0].strand, asked.context);
    EXPECT_EQ(reading[0].row, 0);
    EXPECT_THAT(reading[0].tokens, ElementsAre(4, 7));
    for (int i : {1, 2}) {
      EXPECT_EQ(reading[i].strand, asked.options[0]);
      EXPECT_EQ(reading[i].row, i - 1);
      EXPECT_EQ(reading[i].readout, Readout::log_probs);
      EXPECT_THAT(reading[i].tokens, ElementsAre(4 + i));
    }
  }
}

TEST_F(SweepTest, InLettersOneRowABlockIsAllThereIs) {
  const Sweep sweep = sweep_of(letters());
  EXPECT_EQ(sweep.job.strands.size(), 1u + 3);
  EXPECT_EQ(sweep.job.interventions.size(), 3u);
  EXPECT_EQ(sweep.job.rows(), 4 + 3);
  ASSERT_EQ(sweep.job.readings.size(), 1u + 3);
  for (const Reading& reading : sweep.job.readings) {
    EXPECT_EQ(reading.readout, Readout::logits);
    EXPECT_THAT(reading.tokens, ElementsAre(8, 9));
  }
}

TEST_F(SweepTest, RowsThatArePatchedTogetherAreOneStrand) {
  const std::vector<float> value = {1, 2};
  const Patch patch{{{1, {SiteKind::mlp_out, 1}, value}, {3, {SiteKind::mlp_out, 1}, value}}};
  const Sweep sweep = make_sweeps(loglik(), std::vector{patch}, kBlocks, kMany).at(0);
  const Strand& context = sweep.job.strands[sweep.asked.at(0).context];
  EXPECT_EQ(context.branch->first_row, 1);
  EXPECT_EQ(context.branch->rows, 3) << "from the first patched row to the last of the context";
  EXPECT_EQ(context.branch->block, 1) << "inside the block";
  ASSERT_EQ(sweep.job.interventions.size(), 2u);
  EXPECT_EQ(sweep.job.interventions[0].row, 0);
  EXPECT_EQ(sweep.job.interventions[1].row, 2);
}

TEST_F(SweepTest, AWindowJoinsAtItsFirstBlock) {
  const std::vector<float> value = {1, 2};
  const Patch patch{{{3, {SiteKind::resid_post, 1}, value}, {3, {SiteKind::resid_post, 0}, value}}};
  const Sweep sweep = make_sweeps(letters(), std::vector{patch}, kBlocks, kMany).at(0);
  EXPECT_EQ(sweep.job.strands[1].branch->block, 1) << "resid_post of block 0 enters block 1";
}

TEST_F(SweepTest, ManyPatchesTakeSeveralJobsInOrder) {
  std::vector<Patch> patches = by_block();
  const std::vector<Sweep> sweeps = make_sweeps(letters(), patches, kBlocks, 5);
  ASSERT_EQ(sweeps.size(), 2u) << "4 rows of context and 2 patches of a row each, then the third";
  EXPECT_EQ(sweeps[0].asked.size(), 2u);
  EXPECT_EQ(sweeps[1].asked.size(), 1u);
  EXPECT_EQ(sweeps[1].job.interventions.at(0).site, (Site{SiteKind::resid_post, 2}));
  EXPECT_THAT(sweeps[1].job.strands[0].tokens, ElementsAre(0, 1, 2, 3)) << "a clean run of its own";
}

TEST_F(SweepTest, WithoutPatchesIsTheCleanRun) {
  const Sweep sweep = make_sweeps(letters(), {}, kBlocks, kMany).at(0);
  EXPECT_EQ(sweep.job.strands.size(), 1u);
  EXPECT_THAT(sweep.job.interventions, IsEmpty());
  EXPECT_THAT(sweep.asked, IsEmpty());
}

}  // namespace
}  // namespace tertium
