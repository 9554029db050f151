#pragma once

#include <span>
#include <string>
#include <vector>

#include "tertium/engine/strand.h"
#include "tertium/model/site.h"
#include "tertium/protocols/asking.h"

namespace tertium {

/// One donor's activations for one recipient.
struct DonorRun {
  std::string control;
  int draw = 0;
  std::string donor;             // the donor item's id
  std::span<const float> resid;  // [L + 1, D]: the donor's stream at its own position, by stream index
};

/// All patched runs of one recipient, for every donor and block, hanging on one clean run.
struct Sweep {
  Job job;
  std::vector<std::vector<AskedStrands>> asked;  // [donor][block]
};

/// Replaces resid_post of each block in turn at the context's last token. `donors` must outlive the job's run.
Sweep make_sweep(const Question& question, std::span<const DonorRun> donors, int blocks, int width);

}  // namespace tertium
