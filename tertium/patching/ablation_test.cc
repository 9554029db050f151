#include "tertium/patching/ablation.h"

#include <gtest/gtest.h>

#include "tertium/model/config.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

Config of_blocks(int blocks) {
  Config config;
  config.layers.resize(blocks);
  config.heads = 2;
  return config;
}

Job clean_job() {
  return {.strands = {{.tokens = {1, 2, 3, 4}}, {.prefix = Prefix{0, 4}, .tokens = {5, 6}}},
          .recordings = {{1, 1, 1, Quantity::resid}},
          .readings = {{0, 3, Readout::log_probs, {5}}, {1, 0, Readout::log_probs, {6}}}};
}

TEST(Ablation, OfEveryBlockTakesOneRunAndHalfOfWhatAllWould) {
  for (const int blocks : {1, 5, 26}) {
    const Config config = of_blocks(blocks);
    Job job = clean_job();
    const CleanPart clean(job);
    for (const Ablation& ablation : ablations_of({}, config)) add_ablated(job, clean, ablation, FirstToken::included);
    double row_blocks = 0;
    for (const Strand& strand : job.strands) row_blocks += strand.rows() * (blocks - strand.first_block());
    EXPECT_DOUBLE_EQ(forwards_of({}, config), 1 + (blocks + 1) / 2.0);
    EXPECT_DOUBLE_EQ(row_blocks / (6 * blocks), forwards_of({}, config)) << "rows that the job computes";
  }
}

TEST(Ablation, AsksAllAgainOfBranchesThatSeeEachOtherAlone) {
  Job job = clean_job();
  const CleanPart clean(job);
  add_ablated(job, clean, {Component::attn_out, 3}, FirstToken::left_out);
  ASSERT_EQ(job.strands.size(), 4u);
  EXPECT_FALSE(job.strands[2].prefix);
  EXPECT_EQ(job.strands[3].prefix->strand, 2);
  EXPECT_EQ(job.strands[3].branch->of, 1);
  EXPECT_EQ(job.strands[3].branch->block, 3);
  ASSERT_EQ(job.readings.size(), 4u);
  EXPECT_EQ(job.readings[3].strand, 3);
  EXPECT_EQ(job.recordings.at(1).strand, 3);
  ASSERT_EQ(job.interventions.size(), 2u);
  EXPECT_EQ(job.interventions[0].row, 1) << "the sequence's first row is left out";
  EXPECT_EQ(job.interventions[0].rows, 3);
  EXPECT_EQ(job.interventions[1].row, 0) << "an option has none";
  EXPECT_EQ(job.interventions[1].rows, 2);
}

TEST(Ablation, WhatIsDrawnAsAControlRunsOnceHoweverOftenItIsDrawn) {
  const AblateSpec spec{.draws = 3};
  const Config config = of_blocks(8);
  const std::vector<AblationPart> parts = parts_of(spec, {}, true);
  ASSERT_EQ(parts.size(), 4u) << "the blocks, and three draws of their control";
  EXPECT_EQ(parts[0].control(), "main");
  EXPECT_EQ(parts[2].control(), "random@1");
  for (const AblationPart& part : parts) EXPECT_EQ(uses_of(spec, part, config).size(), 8u);
  EXPECT_EQ(effects_of(spec, parts, config).size(), 8u) << "all drawn ones are taken out anyway";
  for (const AblationUse& use : uses_of(spec, parts[1], config))
    EXPECT_NE(use.effect.taken, use.place) << "nothing is its own control";
}

TEST(Ablation, AControlIsTheSameInEveryRunAndAnotherByEverySeed) {
  const Config config = of_blocks(40);
  const Ablation place{Component::block, 7};
  EXPECT_EQ(drawn_like(place, {.draws = 4}, config), drawn_like(place, {.draws = 4}, config));
  EXPECT_NE(drawn_like(place, {.draws = 4}, config), drawn_like(place, {.draws = 4, .seed = 1}, config));
  EXPECT_EQ(drawn_like({Component::z, 3, 1}, {.draws = 4}, config), (std::vector<Ablation>{{Component::z, 3, 0}}))
      << "a head's control is its block's";
}

TEST(Ablation, OfADirectionBeginsBehindItsBlock) {
  Job job = clean_job();
  const CleanPart clean(job);
  const std::vector<float> basis = {1, 0};
  add_ablated(job, clean, {Component::direction, 3}, FirstToken::included, Removal::project,
              {.at_all_rows = [&](Site) { return std::span<const float>(basis); }});
  EXPECT_EQ(job.strands[2].branch->block, 4);
  ASSERT_EQ(job.interventions.size(), 2u);
  EXPECT_EQ(job.interventions[0].site, (Site{SiteKind::resid_post, 3}));
  EXPECT_EQ(job.interventions[0].change.operation, Operation::project);
}

TEST(Ablation, OfABlockOrHeadThatIsNotThereIsRefused) {
  EXPECT_EQ(test::error_of([] { ablations_of({.blocks = {{5}}}, of_blocks(5)); }),
            "ablate.blocks: block 5 is not there; the model has 0 to 4");
  EXPECT_EQ(test::error_of([] { ablations_of({.components = {Component::z}, .heads = {{2}}}, of_blocks(5)); }),
            "ablate.heads: head 2 is not there; the model has 0 to 1");
}

}  // namespace
}  // namespace tertium
