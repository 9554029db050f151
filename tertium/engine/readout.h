#pragma once

#include <ATen/ATen.h>

#include <span>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

struct Config;
struct Layout;
struct Weights;

/// Fills `results[j].readings` of all jobs from the stream behind the last block, [R, D]. Only rows that are read pass
/// the head, and only the words that are read where logits are compared.
void read_all(const Config& config, const Weights& weights, const at::Tensor& stream, std::span<const Job> jobs,
              const Layout& layout, std::vector<JobResult>& results);

}  // namespace tertium
