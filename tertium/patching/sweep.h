#pragma once

#include <span>
#include <vector>

#include "tertium/engine/strand.h"
#include "tertium/patching/activations.h"
#include "tertium/protocols/asking.h"

namespace tertium {

/// What one patched run puts in: values at rows of the context. They must outlive the job's run.
struct Patch {
  struct Value {
    int row;
    Site site;
    std::span<const float> value;  // replaces what stands there (Operation::replace)
  };
  /// Done to every row behind the prompt, the options' and generated ones.
  struct Behind {
    Site site;
    Change change;
  };
  std::vector<Value> values;
  std::vector<Behind> behind = {};
};

/// The donor's resid_post at its row into `row`, in each of `blocks` blocks by turns: as a sweep of main begins.
std::vector<Patch> resid_post_by_block(const Activations& donor, int donor_row, int row, int blocks);

/// Patched runs of one recipient, hanging on one clean run.
struct Sweep {
  Job job;
  std::vector<AskedStrands> asked;  // one a patch
};

/// Patched runs take their rows from the first patched one on, and the options behind them, from the block where their
/// first value enters. In order; cut into several sweeps, each with a clean run of its own, where one would have more
/// than `most_rows` rows.
std::vector<Sweep> make_sweeps(const Question& question, std::span<const Patch> patches, int blocks, int most_rows);

}  // namespace tertium
