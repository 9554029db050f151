#pragma once

#include <span>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

class Model;

/// Runs jobs, packed together, once through the blocks.
std::vector<JobResult> run_pass(const Model& model, std::span<const Job> jobs);

}  // namespace tertium
