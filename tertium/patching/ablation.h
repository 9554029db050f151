#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tertium/engine/intervene.h"
#include "tertium/engine/strand.h"

namespace tertium {

struct Config;

/// A part of the model that adds something to the stream, or a direction of the stream.
enum class Component {
  block,      // what its attention and its MLP add
  attn_out,   // what a block's attention adds
  mlp_out,    // what its MLP adds
  z,          // what one head gathers
  direction,  // from the pivot's mean state to another language's, behind a block
};
std::string_view to_string(Component component);
/// In the order of the enumeration.
std::vector<std::string_view> component_names();
/// One of component_names().
Component component_named(std::string_view name);

/// What becomes of it.
enum class Removal {
  zero,      // nothing
  mean,      // its mean over other items
  resample,  // what another item has there
  project,   // of a direction: the stream loses its part along it
};
std::string_view to_string(Removal removal);
std::vector<std::string_view> removal_names();
Removal removal_named(std::string_view name);

/// Over whose items a mean is.
enum class MeanOver { own, pivot };
std::string_view to_string(MeanOver over);

/// What is taken out of the model: the [ablate] table of an experiment (docs/experiment.md).
struct AblateSpec {
  std::vector<Component> components = {Component::block};
  std::optional<std::vector<int>> blocks;  // else all
  std::optional<std::vector<int>> heads;   // of z; else all
  std::vector<std::pair<int, int>> chosen_heads = {};  // of z, block and head, instead of blocks and heads
  FirstToken first_token = FirstToken::included;
  std::vector<Removal> operations = {Removal::zero};  // of all components but direction, which is projected out
  std::vector<MeanOver> references = {MeanOver::own};
  int draws = 3;  // of the control "random"; 0: it is left out
  std::uint64_t seed = 42;
  bool all_items = true;         // else those that the pivot solves
  std::optional<int> max_items;  // the first of them in item order

  bool takes(Removal removal) const;
  bool asks_all() const { return all_items && !max_items; }
};

/// One of them.
struct Ablation {
  Component component;
  int block;
  int head = Site::kNoHead;
  auto operator<=>(const Ablation&) const = default;

  /// The sites that are changed.
  std::vector<Site> sites() const;
  /// The first block that computes anything anew; the number of blocks if none does.
  int first_block() const { return component == Component::direction ? block + 1 : block; }
};
/// "7", or "7.2" of a head.
std::string place_name(const Ablation& ablation);

/// Those of a component, block by block, head by head. Throws Error for a block or head that the model does not have.
std::vector<Ablation> ablations_of(const AblateSpec& spec, Component component, const Config& config);
/// Component by component.
std::vector<Ablation> ablations_of(const AblateSpec& spec, const Config& config);

/// Its control "random": as many others of its kind, drawn by seed without replacement; fewer where there are no more.
/// Of a block or half of one they are other blocks', of a head the block's other heads. Not of a direction, whose
/// control are other directions.
std::vector<Ablation> drawn_like(const Ablation& ablation, const AblateSpec& spec, const Config& config);

/// Of what is asked for, what has a unit of work of its own: one component, and what becomes of it.
struct AblationPart {
  Component component;
  Removal removal = Removal::zero;
  std::string reference = {};  // of a mean: over whose items; of a direction: the language that it leads to
  int draw = -1;               // of the control "random", from 0 on; -1: main

  /// "main", or "random@0".
  std::string control() const;
};
/// All of a language: of the pivot with the directions to all `others`, else with its own. In the pivot a mean over its
/// own items is one over the pivot's.
std::vector<AblationPart> parts_of(const AblateSpec& spec, const std::vector<std::string>& directions, bool is_pivot);

/// What one run of an item does.
struct Effect {
  Ablation taken;
  Removal removal;
  std::string reference;
  int draw = -1;  // of a random direction
  auto operator<=>(const Effect&) const = default;
};
/// An effect as a result of a place: its own, or that of what was drawn in its stead.
struct AblationUse {
  Ablation place;
  Effect effect;
};
std::vector<AblationUse> uses_of(const AblateSpec& spec, const AblationPart& part, const Config& config);
/// Each effect of some parts once.
std::vector<Effect> effects_of(const AblateSpec& spec, std::span<const AblationPart> parts, const Config& config);

/// What all of them take of an item of one language: its clean run, and of each the blocks from its own on, in runs
/// through all blocks.
double forwards_of(const AblateSpec& spec, const Config& config);

/// What a job asks before any ablation.
struct CleanPart {
  explicit CleanPart(const Job& job)
      : strands(static_cast<int>(job.strands.size())),
        readings(job.readings.size()),
        recordings(job.recordings.size()) {}
  int strands;
  std::size_t readings, recordings;
};

/// What is put in, or a direction; the numbers must outlive the run of the job.
struct PutIn {
  std::function<std::span<const float>(Site)> at_all_rows = {};                  // of mean and project
  std::function<std::span<const float>(Site, int strand, int row)> by_row = {};  // of resample; of the clean strands
};

/// Adds all of it again: branches of every row from a block on, which see each other alone, and the same readings and
/// recordings of them, in order. `change` is told each strand and which clean one it stands for.
void add_again(Job& job, const CleanPart& clean, int block, const std::function<void(int strand, int clean)>& change);

/// The same under an ablation.
void add_ablated(Job& job, const CleanPart& clean, const Ablation& ablation, FirstToken first,
                 Removal removal = Removal::zero, const PutIn& put_in = {});

/// Of a job's result, what the n-th of such additions gave; the clean part is the 0th. Taken out of it.
JobResult take_part(JobResult& result, const CleanPart& clean, std::size_t n);

}  // namespace tertium
