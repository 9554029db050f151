// A model built by hand, whose every answer is known: patching must find the block at which its meaning is written.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "tertium/analysis/observations.h"
#include "tertium/analysis/results.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/run.h"
#include "tertium/stats/two_rates.h"
#include "tests/support/files.h"
#include "tests/support/tiny_model.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

constexpr int kConcepts = 12;
constexpr int kBlocks = 5;
constexpr int kWritingBlock =
    2;  // block k: attention there writes the concept at the last position, for English premises only

// The stream's dimensions: what an English premise word looks like, the concept itself, and a constant that every word
// has.
constexpr int kLexical = 0, kConcept = kConcepts, kConstant = 2 * kConcepts, kLanguageMark = 2 * kConcepts + 1,
              kWidth = 32;
constexpr int kHeadDim = 8, kHeads = 2;  // 16 channels carry the 12 concepts

std::string word(const char* kind, int concept_) { return kind + std::to_string(concept_); }

/// A context names a concept ("e3 en" or "x3 xx"); the answer is the word that means it ("ea3", "xa3").
/// - Every answer word has a prior that grows with its concept's number, through the constant.
/// - At block k the last position attends (uniformly) to the premise; values read how *English* premise words look and
/// write the concept.
/// - Answer words of both languages are read off the concept, which outweighs any prior.
/// With `answers_show`, the block reads answer words as well (for statements: no answer is asked behind one).
/// So English is always right, and X is right only where the prior happens to favour gold: it never writes the concept.
test::TinyModel circuit(bool answers_show = false) {
  test::TinyModel model{.blocks = kBlocks, .width = kWidth, .heads = kHeads, .kv_heads = kHeads, .head_dim = kHeadDim};
  for (int c = 0; c < kConcepts; ++c)
    for (const char* kind : {"e", "x", "ea", "xa"}) model.words.push_back(word(kind, c));
  model.words.insert(model.words.end(), {"en", "xx", "end"});

  const auto zeros = [](int rows, int columns) { return std::vector<float>(static_cast<std::size_t>(rows) * columns); };
  std::vector<float> embedding = zeros(model.vocabulary(), kWidth), head = embedding;
  const auto at = [](std::vector<float>& matrix, int row, int column) -> float& {
    return matrix[static_cast<std::size_t>(row) * kWidth + column];
  };
  for (int id = 0; id < model.vocabulary(); ++id) at(embedding, id, kConstant) = 1;
  at(embedding, model.id("en"), kLanguageMark) = 1;
  at(embedding, model.id("xx"), kLanguageMark) = -1;
  for (int c = 0; c < kConcepts; ++c) {
    at(embedding, model.id(word("e", c)), kLexical + c) = 1;
    for (const char* answer : {"ea", "xa"}) {
      if (answers_show) at(embedding, model.id(word(answer, c)), kLexical + c) = 2;
      at(head, model.id(word(answer, c)), kConcept + c) = 1;
      at(head, model.id(word(answer, c)), kConstant) = 0.1f * static_cast<float>(c);
    }
  }
  model.weights = {{"model.embed_tokens.weight", embedding}, {"lm_head.weight", head}};

  constexpr int kChannels = kHeads * kHeadDim;
  for (int b = 0; b < kBlocks; ++b) {
    const std::string block = "model.layers." + std::to_string(b);
    std::vector<float> values = zeros(kChannels, kWidth), output = zeros(kWidth, kChannels);
    for (int c = 0; c < kConcepts && b == kWritingBlock; ++c) {
      values[static_cast<std::size_t>(c) * kWidth + kLexical + c] = 1;
      output[static_cast<std::size_t>(kConcept + c) * kChannels + c] = 3;
    }
    model.weights[block + ".self_attn.q_proj.weight"] = {0};  // no preference: every visible word gets the same weight
    model.weights[block + ".self_attn.k_proj.weight"] = {0};
    model.weights[block + ".self_attn.v_proj.weight"] = values;
    model.weights[block + ".self_attn.o_proj.weight"] = output;
    model.weights[block + ".mlp.down_proj.weight"] = {0};
  }
  return model;
}

/// The same where attention only brings the premise's looks to the last position, and the MLP of the block behind
/// writes the concept from them: in English alone, since it is gated by the language mark there.
test::TinyModel gated_circuit() {
  test::TinyModel model = circuit();
  model.mlp = kConcepts;
  std::vector<float> output(static_cast<std::size_t>(kWidth) * kHeads * kHeadDim), gate(kConcepts * kWidth),
      up = gate, down = gate;
  for (int c = 0; c < kConcepts; ++c) {
    output[static_cast<std::size_t>(kLexical + c) * kHeads * kHeadDim + c] = 3;
    gate[static_cast<std::size_t>(c) * kWidth + kLanguageMark] = 3;
    up[static_cast<std::size_t>(c) * kWidth + kLexical + c] = 1;
    down[static_cast<std::size_t>(kConcept + c) * kConcepts + c] = 0.5;
  }
  model.weights["model.layers." + std::to_string(kWritingBlock) + ".self_attn.o_proj.weight"] = output;
  const std::string mlp = "model.layers." + std::to_string(kWritingBlock + 1) + ".mlp.";
  model.weights[mlp + "gate_proj.weight"] = gate;
  model.weights[mlp + "up_proj.weight"] = up;
  model.weights[mlp + "down_proj.weight"] = down;
  return model;
}

/// Items 0..5 pit their concept against a later one, which the prior favours (X fails); items 6..11 against an earlier
/// one (X is right).
void write_items(const fs::path& folder, const std::string& language, const char* premise, const char* answer,
                 const char* mark) {
  std::ofstream file(folder / (language + ".jsonl"));
  for (int c = 0; c < kConcepts; ++c) {
    const int distractor = c < 6 ? c + 6 : c - 6;
    std::vector<std::string> options = {" " + word(answer, c) + " end", " " + word(answer, distractor) + " end"};
    const int gold = c % 2;
    if (gold == 1) std::swap(options[0], options[1]);
    file << nlohmann::json{{"id", std::to_string(c)},
                           {"context", word(premise, c) + " " + mark},
                           {"options", options},
                           {"gold", gold}}
         << "\n";
  }
}

/// How many answers of the other language's items changed, by block, under one control.
std::map<int, Counts> changed(const Observations& observations, const std::string& control) {
  std::map<int, Counts> blocks;
  for (const PatchObservations& at : observations.patches)
    if (at.control == control)
      for (const auto& [item, counts] : at.items) {
        blocks[at.layer].hits += counts.changed;
        blocks[at.layer].n += counts.draws;
      }
  return blocks;
}

class Circuit : public test::FolderTest {
 protected:
  Circuit() {
    fs::create_directories(folder / "data");
    test::write_tiny_model(folder / "model", circuit());
    write_items(folder / "data", "en", "e", "ea", "en");
    write_items(folder / "data", "xx", "x", "xa", "xx");
  }

  Observations run(bool all_items) { return run(PatchSpec{.all_items = all_items, .draws = 2}); }

  /// `xx_is_pivot` swaps the languages, so that what are transfer failures become items that only X solves.
  Observations run(const PatchSpec& patch, bool xx_is_pivot = false) {
    return run(
        Experiment{.model = folder / "model",
                   .pivot = xx_is_pivot ? "xx" : "en",
                   .tasks = {{.name = "items", .data = folder / "data", .languages = {xx_is_pivot ? "en" : "xx"}}},
                   .patch = patch});
  }

  Observations run(const Experiment& experiment) {
    const Tokenizer tokenizer = Tokenizer::open(experiment.model);
    const Engine engine(Model::load(experiment.model, "f32"));
    Store store = Store::create(folder / "out", /*replace=*/true);
    store.set_info("pivot", experiment.pivot);
    run_experiment(experiment, prepare(experiment, tokenizer, engine.model().config()), engine, store,
                   [](auto, auto, auto) {});
    patches = store.patches();
    return observations_of(store);
  }

  std::vector<PatchRow> patches;
};

TEST_F(Circuit, EnglishIsRightAndTheOtherLanguageFailsWhereThePriorMisleads) {
  const Observations observations = run(false);
  EXPECT_EQ(std::ranges::count_if(observations.languages.at(0).answers, &PairedAnswer::right), 12);
  const auto& answers = observations.languages.at(1).answers;
  EXPECT_EQ(std::ranges::count(answers, Transfer::ts, &PairedAnswer::transfer), 6);
  EXPECT_EQ(std::ranges::count(answers, Transfer::tf, &PairedAnswer::transfer), 6);
}

TEST_F(Circuit, MainFlipsEveryFailureFromTheWritingBlockOnAndNoneBefore) {
  const std::map<int, Counts> flips = changed(run(false), "main");
  ASSERT_EQ(flips.size(), static_cast<std::size_t>(kBlocks));
  for (int b = 0; b < kBlocks; ++b) {
    EXPECT_EQ(flips.at(b).n, 6u);
    EXPECT_EQ(flips.at(b).hits, b >= kWritingBlock ? 6u : 0u) << "block " << b;
  }
}

TEST_F(Circuit, SameGoldIsToldApartFromMain) {
  const std::map<int, Counts> flips = changed(run(false), "same_gold");
  ASSERT_EQ(flips.size(), static_cast<std::size_t>(kBlocks));
  for (const auto& [block, counts] : flips) {
    EXPECT_EQ(counts.n, 12u) << "6 items, 2 draws";
    EXPECT_EQ(counts.hits, 0u) << "another item's concept speaks for neither option";
  }
}

TEST_F(Circuit, SelfChangesNothing) {
  const Observations observations = run(true);
  for (const auto& [block, counts] : changed(observations, "self")) EXPECT_EQ(counts.hits, 0u);
  EXPECT_GE(observations.noise_floor, 0);
  EXPECT_LT(observations.noise_floor, 1e-5);
}

TEST_F(Circuit, OnlyFailuresArePatchedUnlessAllAreAsked) {
  const auto patched = [&](bool all) {
    run(all);
    std::set<std::string> items;
    for (const PatchRow& row : patches) items.insert(row.item);
    return items.size();
  };
  EXPECT_EQ(patched(false), 6u);
  EXPECT_EQ(patched(true), 12u);
}

TEST_F(Circuit, DonorsAreWhatTheControlsSay) {
  run(false);
  for (const PatchRow& row : patches) {
    if (row.control == "same_gold") {
      EXPECT_NE(row.donor, row.item);
      EXPECT_EQ(std::stoi(row.donor) % 2, std::stoi(row.item) % 2) << "gold is the concept's parity";
    } else {
      EXPECT_EQ(row.donor, row.item) << row.control;
    }
  }
}

// ---- the table of what each site, direction and control must do here

/// At which blocks all items change; at the others none may.
class KnownCircuit : public Circuit {
 protected:
  using Blocks = std::vector<int>;
  static Blocks from(int first) {
    Blocks blocks;
    for (int b = first; b < kBlocks; ++b) blocks.push_back(b);
    return blocks;
  }
  static Blocks changing(const Observations& observations, const std::string& control) {
    Blocks blocks;
    for (const auto& [block, counts] : changed(observations, control)) {
      EXPECT_TRUE(counts.hits == 0 || counts.hits == counts.n) << "block " << block;
      EXPECT_EQ(counts.n % 6, 0u);
      if (counts.hits > 0) blocks.push_back(block);
    }
    return blocks;
  }
  Blocks main_at(SiteKind site, const std::string& position = "last", int window = 1) {
    const PatchSpec spec{.sites = {{site, {}}}, .positions = {position}, .window = window, .controls = {}};
    return changing(run(spec), "main");
  }
  Blocks by(const std::string& control, SiteKind site = SiteKind::resid_post) {
    const PatchSpec spec{.sites = {{site, {}}}, .controls = {control}, .draws = 2};
    return changing(run(spec), control);
  }
  Blocks in(const std::string& direction, bool xx_is_pivot = false) {
    const PatchSpec spec{.directions = {direction}, .controls = {}};
    return changing(run(spec, xx_is_pivot), "main");
  }
};

TEST_F(KnownCircuit, ResidPreCarriesTheConceptBehindTheWritingBlock) {
  EXPECT_EQ(main_at(SiteKind::resid_pre), from(kWritingBlock + 1));
}
TEST_F(KnownCircuit, ResidMidCarriesItFromTheWritingBlockOn) {
  EXPECT_EQ(main_at(SiteKind::resid_mid), from(kWritingBlock));
}
TEST_F(KnownCircuit, ResidPostCarriesItFromTheWritingBlockOn) {
  EXPECT_EQ(main_at(SiteKind::resid_post), from(kWritingBlock));
}
TEST_F(KnownCircuit, AttnOutWritesItInOneBlock) { EXPECT_EQ(main_at(SiteKind::attn_out), Blocks{kWritingBlock}); }
TEST_F(KnownCircuit, MlpOutNeverWritesIt) { EXPECT_EQ(main_at(SiteKind::mlp_out), Blocks{}); }
TEST_F(KnownCircuit, AWindowOfAttnOutWritesItWhereItHoldsTheBlock) {
  EXPECT_EQ(main_at(SiteKind::attn_out, "last", 2), (Blocks{kWritingBlock - 1, kWritingBlock}));
}
TEST_F(KnownCircuit, AllRowsMakeItAnEnglishRunAtEveryBlock) { EXPECT_EQ(main_at(SiteKind::resid_pre, "all"), from(0)); }

TEST_F(KnownCircuit, OneHeadGathersTheFailuresConcepts) {
  const Observations observations = run(PatchSpec{.sites = {{SiteKind::z, {}}}, .controls = {}});
  const auto of_head = [&](int head) {
    Observations one = observations;
    std::erase_if(one.patches, [&](const PatchObservations& at) { return at.key.head != head; });
    return one;
  };
  EXPECT_EQ(observations.patches.size(), static_cast<std::size_t>(kHeads * kBlocks));
  EXPECT_EQ(changing(of_head(0), "main"), Blocks{kWritingBlock}) << "channels of concepts 0 to 7";
  EXPECT_EQ(changing(of_head(1), "main"), Blocks{});
}

TEST_F(KnownCircuit, NoControlRepairs) {
  for (const char* control : {"self", "same_gold", "other_gold", "random", "same_language", "mean_shift"})
    EXPECT_EQ(by(control), Blocks{}) << control;
}

TEST_F(KnownCircuit, SelfMovesNoScoreAtAnySiteAndPosition) {
  PatchSpec spec{.all_items = true, .sites = {}, .positions = {"last", "all"}, .controls = {"self"}};
  for (const SiteInfo& site : site_kinds()) spec.sites.push_back({site.kind, {}});
  EXPECT_LT(run(spec).noise_floor, 1e-5);
  spec.window = 3;
  EXPECT_LT(run(spec).noise_floor, 1e-5);
}

TEST_F(KnownCircuit, AFullDoseIsMainAndNoneIsSelf) {
  const Observations observations = run(PatchSpec{.controls = {"dose"}, .doses = {0, 1}});
  EXPECT_EQ(changing(observations, "dose@0"), Blocks{});
  EXPECT_EQ(changing(observations, "dose@1"), from(kWritingBlock));
  for (const PatchObservations& at : observations.patches)
    if (at.control == "dose@1" && at.layer >= kWritingBlock) {
      for (const auto& [item, counts] : at.items) EXPECT_NEAR(counts.won / counts.way, 1, 1e-3) << item;
    }
}

TEST_F(KnownCircuit, NoiseIsAnotherInEveryDrawAndTheSameInEveryRun) {
  const auto scores = [&] {
    run(PatchSpec{.controls = {"norm_noise"}, .draws = 2});
    std::map<int, std::vector<double>> by_draw;
    for (const PatchRow& row : patches)
      if (row.control == "norm_noise") by_draw[row.draw].push_back(row.score);
    return by_draw;
  };
  const auto first = scores();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_NE(first.at(0), first.at(1));
  EXPECT_EQ(scores(), first);
}

TEST_F(KnownCircuit, KeepDoesNoHarm) { EXPECT_EQ(in("keep"), Blocks{}); }
TEST_F(KnownCircuit, BreakTakesTheConceptAwayFromTheWritingBlockOn) { EXPECT_EQ(in("break"), from(kWritingBlock)); }
TEST_F(KnownCircuit, LiftRepairsAPivotThatFails) { EXPECT_EQ(in("lift", true), from(kWritingBlock)); }
TEST_F(KnownCircuit, SpoilTakesTheConceptAwayWhereOnlyThePivotFails) {
  EXPECT_EQ(in("spoil", true), from(kWritingBlock));
}

// ---- what answers rest on

class AblatedCircuit : public Circuit {
 protected:
  Observations run_ablated(const AblateSpec& spec, const std::vector<std::string>& metrics = {}) {
    return run(Experiment{.model = folder / "model",
                          .pivot = "en",
                          .tasks = {{.name = "items", .data = folder / "data", .languages = {"xx"}}},
                          .metrics = metrics,
                          .ablate = spec});
  }

  /// Right answers of a language at each place, of 12; of the control means over draws.
  static std::map<std::pair<int, int>, double> right(const Observations& observations, const std::string& language,
                                                     const std::string& control = "main") {
    std::map<std::pair<int, int>, double> counts;
    for (const AblationObservations& at : observations.ablations) {
      if (at.of.language != language || at.key.control != control) continue;
      EXPECT_EQ(at.items.size(), 12u);
      double& count = counts[{at.key.layer, at.key.head}];
      for (const auto& [item, answer] : at.items) count += answer.right;
    }
    return counts;
  }
};

TEST_F(AblatedCircuit, TheWritingBlockBreaksEnglishAloneAndNoOtherDoes) {
  for (const Component component : {Component::block, Component::attn_out}) {
    const Observations observations = run_ablated({.components = {component}});
    for (int b = 0; b < kBlocks; ++b) {
      EXPECT_EQ(right(observations, "en").at({b, -1}), b == kWritingBlock ? 6 : 12) << "block " << b;
      EXPECT_EQ(right(observations, "xx").at({b, -1}), 6) << "block " << b;
    }
  }
}

TEST_F(AblatedCircuit, NoMlpIsNeeded) {
  for (const auto& [place, count] : right(run_ablated({.components = {Component::mlp_out}}), "en"))
    EXPECT_EQ(count, 12);
}

TEST_F(AblatedCircuit, OneHeadCarriesTheConceptsThatThePriorSpeaksAgainst) {
  const Observations observations = run_ablated({.components = {Component::z}});
  for (const auto& [place, count] : right(observations, "en"))
    EXPECT_EQ(count, place == std::pair(kWritingBlock, 0) ? 6 : 12) << place.first << "." << place.second;
  for (const auto& [place, count] : right(observations, "xx")) EXPECT_EQ(count, 6);
  for (const auto& [place, count] : right(observations, "en", "random"))
    EXPECT_EQ(count, place == std::pair(kWritingBlock, 1) ? 6 : 12) << "the block's only other head is its control";
}

TEST_F(AblatedCircuit, IsToldBesideOtherBlocksDrawnAtRandom) {
  const Analysis analysis = analyse(run_ablated({.components = {Component::block}, .draws = 2}));
  std::size_t seen = 0;
  for (const AblationResult& one : analysis.ablations) {
    EXPECT_EQ(one.draws, one.key.control == "main" ? 1u : 2u);
    if (one.of.language == "xx") {
      EXPECT_EQ(one.key.control == "main" ? one.change.value : one.difference.value, 0);
      EXPECT_EQ(one.ts_kept.value, 1);
      EXPECT_EQ(one.tf_repaired.value, 0);
      continue;
    }
    const bool writes = one.key.layer == kWritingBlock;
    if (one.key.control == "main") {
      EXPECT_DOUBLE_EQ(one.change.value, writes ? -0.5 : 0);
      continue;
    }
    if (!writes) continue;
    EXPECT_DOUBLE_EQ(one.difference.value, -0.5);
    EXPECT_DOUBLE_EQ(one.p, 2.0 / 64) << "signs of the six items that differ";
    EXPECT_EQ(one.family, 2u * kBlocks);
    ++seen;
  }
  EXPECT_EQ(seen, 1u);
  EXPECT_TRUE(std::ranges::any_of(analysis.conclusions, [](const std::string& text) {
    return text.find("block taken out (zero) in en") != std::string::npos &&
           text.find("The largest loss is at 2, -50 points") != std::string::npos &&
           text.find("beside its random control (mean of 2 draws") != std::string::npos;
  }));
}

TEST_F(AblatedCircuit, MeansAndOtherItemsTakeTheConceptAsZeroDoes) {
  const AblateSpec spec{.components = {Component::attn_out},
                        .operations = {Removal::mean, Removal::resample},
                        .references = {MeanOver::own, MeanOver::pivot}};
  const Observations all = run_ablated(spec);
  const auto only = [&](const std::string& operation, const std::string& reference) {
    Observations some = all;
    std::erase_if(some.ablations, [&](const AblationObservations& at) {
      return at.key.operation != operation || at.key.reference != reference;
    });
    return some;
  };
  for (const auto& [operation, reference] : {std::pair("mean", "own"), std::pair("resample", "")}) {
    const Observations some = only(operation, reference);
    for (int b = 0; b < kBlocks; ++b) {
      const double english = right(some, "en").at({b, -1});
      EXPECT_TRUE(b == kWritingBlock ? english <= 6 : english == 12)
          << operation << " in block " << b << ": " << english;
      EXPECT_EQ(right(some, "xx").at({b, -1}), 6) << operation << ": no other item has a concept there either";
    }
  }
  EXPECT_TRUE(right(only("mean", "pivot"), "en").empty()) << "the pivot's own items are the pivot's";
  EXPECT_EQ(right(only("mean", "pivot"), "xx").size(), static_cast<std::size_t>(kBlocks));
}

TEST_F(AblatedCircuit, AMeanOverThePivotsItemsIsPutIn) {
  const Observations own = run_ablated({.components = {Component::attn_out}, .operations = {Removal::mean}});
  const Observations pivot = run_ablated(
      {.components = {Component::attn_out}, .operations = {Removal::mean}, .references = {MeanOver::pivot}});
  const auto margin = [](const Observations& observations, int block) {
    for (const AblationObservations& at : observations.ablations)
      if (at.of.language == "xx" && at.key.control == "main" && at.key.layer == block) return at.items.at("7").margin;
    return 0.0;
  };
  EXPECT_NE(margin(own, kWritingBlock), margin(pivot, kWritingBlock)) << "English items write concepts there";
  EXPECT_NEAR(margin(own, 0), margin(pivot, 0), 1e-6) << "no item writes anything there";
}

/// Which items count is known once the pivot is answered; it is right in all here.
TEST_F(AblatedCircuit, APoolLeavesOutWhatThePivotFails) {
  AblateSpec spec{.draws = 0, .all_items = false};
  for (const AblationObservations& at : run_ablated(spec).ablations) EXPECT_EQ(at.items.size(), 12u);
  spec.max_items = 5;
  for (const AblationObservations& at : run_ablated(spec).ablations) EXPECT_EQ(at.items.size(), 5u);
  const Experiment swapped{.model = folder / "model",
                           .pivot = "xx",
                           .tasks = {{.name = "items", .data = folder / "data", .languages = {"en"}}},
                           .ablate = AblateSpec{.draws = 0, .all_items = false}};
  for (const AblationObservations& at : run(swapped).ablations) EXPECT_EQ(at.items.size(), 6u) << at.of.language;
}

/// The language mark opens the gate by which the MLP writes the concept: without the direction of the language English
/// fails, before that MLP alone, and X is what it was; without a random one nothing is lost.
TEST_F(AblatedCircuit, TheDirectionOfTheLanguageBreaksEnglishAloneAndARandomOneDoesNot) {
  test::write_tiny_model(folder / "model", gated_circuit());
  const Observations observations = run_ablated({.components = {Component::direction}});
  for (int b = 0; b < kBlocks; ++b) {
    if (b != kWritingBlock) {  // where the direction holds the premise's looks as well
      EXPECT_EQ(right(observations, "en").at({b, -1}), b < kWritingBlock ? 6 : 12) << "block " << b;
    }
    EXPECT_EQ(right(observations, "xx").at({b, -1}), 6) << "block " << b;
    EXPECT_EQ(right(observations, "en", "random").at({b, -1}), 12) << "block " << b;
    EXPECT_EQ(right(observations, "xx", "random").at({b, -1}), 6) << "block " << b;
  }
  for (const AblationObservations& at : observations.ablations) EXPECT_EQ(at.key.reference, "xx");
}

/// Where answer words look like their concepts, the writing block makes the statements of both languages alike: without
/// it the last word says nothing of what came before.
TEST_F(AblatedCircuit, AlignmentRestsOnTheBlockThatWritesTheConceptAlone) {
  test::write_tiny_model(folder / "model", circuit(/*answers_show=*/true));
  const Observations observations = run_ablated({.components = {Component::block}}, {"dali"});
  std::size_t places = 0;
  for (const AblatedAlignmentResult& one : analyse(observations).ablated_alignment) {
    EXPECT_EQ(one.items, 12u);
    if (one.key.control != "main") {
      if (one.key.layer == kWritingBlock) {
        EXPECT_DOUBLE_EQ(one.difference.value, -1);
      }
      continue;
    }
    EXPECT_DOUBLE_EQ(one.change.value, one.key.layer == kWritingBlock ? -1 : 0) << "block " << one.key.layer;
    ++places;
  }
  EXPECT_EQ(places, static_cast<std::size_t>(kBlocks));
}

TEST_F(AblatedCircuit, WhatAddsNothingLeavesAllMetricsAsTheyAre) {
  test::TinyModel random{.blocks = 3, .width = kWidth, .heads = kHeads, .kv_heads = kHeads, .head_dim = kHeadDim};
  random.words = circuit().words;
  random.weights["model.layers.1.mlp.down_proj.weight"] = {0};
  test::write_tiny_model(folder / "model", random);
  const AblateSpec spec{.components = {Component::mlp_out}, .blocks = {{1}}, .draws = 2};
  std::set<std::string> metrics;
  bool control_changes = false;
  for (const AblatedAlignmentResult& one :
       analyse(run_ablated(spec, {"dali", "dali_margin", "mexat"})).ablated_alignment) {
    EXPECT_EQ(one.items, 12u) << one.metric;
    if (one.key.control == "main") {
      EXPECT_NEAR(one.change.value, 0, 1e-6) << one.metric;
      metrics.insert(one.metric);
    }
    control_changes |= one.key.control == "random" && one.metric == "dali_margin" && std::abs(one.change.value) > 1e-4;
  }
  EXPECT_EQ(metrics, (std::set<std::string>{"dali", "dali_margin", "mexat"}));
  EXPECT_TRUE(control_changes) << "the other blocks' MLPs add something";
}

TEST_F(AblatedCircuit, HeadsMayBeNamedByTheirBlock) {
  const Observations observations =
      run_ablated({.components = {Component::z}, .chosen_heads = {{kWritingBlock, 0}, {4, 1}}, .draws = 0});
  EXPECT_EQ(right(observations, "en"), (std::map<std::pair<int, int>, double>{{{kWritingBlock, 0}, 6}, {{4, 1}, 12}}));
}

TEST_F(AblatedCircuit, ABlockThatIsNotThereIsRefusedByName) {
  EXPECT_NE(test::error_of([&] { run_ablated({.blocks = {{7}}}); }).find("block 7 is not there"), std::string::npos);
}

}  // namespace
}  // namespace tertium
