#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "tertium/engine/intervene.h"
#include "tertium/engine/strand.h"

namespace tertium {

struct Config;

/// A part of the model that adds something to the stream.
enum class Component {
  block,     // as it enters, the stream leaves it
  attn_out,  // what a block's attention adds
  mlp_out,   // what its MLP adds
  z,         // what one head gathers
};
std::string_view to_string(Component component);
/// In the order of the enumeration.
std::vector<std::string_view> component_names();
/// One of component_names().
Component component_named(std::string_view name);

/// What is taken out of the model: the [ablate] table of an experiment (docs/experiment.md).
struct AblateSpec {
  std::vector<Component> components = {Component::block};
  std::optional<std::vector<int>> blocks;  // else all
  std::optional<std::vector<int>> heads;   // of z; else all
  FirstToken first_token = FirstToken::included;
};

/// One of them, which adds nothing at all rows.
struct Ablation {
  Component component;
  int block;
  int head = Site::kNoHead;
};

/// Component by component, block by block, head by head. Throws Error for a block or head that the model does not have.
std::vector<Ablation> ablations_of(const AblateSpec& spec, const Config& config);

/// What all of them take of an item: its clean run, and of each the blocks from its own on, in runs through all blocks.
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

/// Adds all of it again under an ablation: branches of every row from the ablated block on, which see each other alone,
/// and the same readings and recordings of them, in order.
void add_ablated(Job& job, const CleanPart& clean, const Ablation& ablation, FirstToken first);

/// Of a job's result, what the n-th of such additions gave; the clean part is the 0th. Taken out of it.
JobResult take_part(JobResult& result, const CleanPart& clean, std::size_t n);

}  // namespace tertium
