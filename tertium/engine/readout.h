#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

class Model;
class Ops;
struct Layout;

/// Fills `results[j].readings` of all jobs from the stream behind the last block, [R, D]. Only rows that are read pass
/// the head, and only the words that are read where logits are compared.
void read_all(const Model& model, const at::Tensor& stream, std::span<const Job> jobs, const Layout& layout,
              std::vector<JobResult>& results);

/// How many rows passed the head for the whole vocabulary so far, on all threads.
std::int64_t rows_through_head();

/// The logits of states after the final norm, [R, D], some words at a time: never R x V numbers at once. `with` gets
/// the first word's id and the logits of that and the next ones, [R, words] on the model's device, which it may
/// overwrite.
void for_each_part_of_vocabulary(const Model& model, const at::Tensor& state,
                                 const std::function<void(std::int64_t first, const at::Tensor& values)>& with);

/// A row's logit of one word, and where it goes.
struct WantedLogit {
  std::int64_t row, word;
  float* into;
};
/// Brings those that a part of the vocabulary holds to where they go.
void take(const Ops& ops, std::span<const WantedLogit> wanted, std::int64_t first, const at::Tensor& values);

}  // namespace tertium
