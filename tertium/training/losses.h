#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>
#include <vector>

#include "tertium/screening/plain_forward.h"
#include "tertium/training/lora.h"
#include "tertium/training/train_spec.h"
#include "tertium/training/training_data.h"

namespace tertium {

/// A state of each sequence from those of its tokens, [R, D] → [sequences, D].
at::Tensor sentence_states(const at::Tensor& rows, std::span<const std::int64_t> lengths, SentenceState which);

/// The loss of states of X and of the pivot, [B, D] each; row j of one belongs to row j of the other.
at::Tensor alignment_loss(const AlignmentSpec& spec, const at::Tensor& x, const at::Tensor& pivot);

/// Computes losses, and leaves `weight` times their gradients in the adapter's factors, beside what is there.
class LossRunner {
 public:
  /// All must outlive this. `training`: whether inputs are dropped.
  LossRunner(const Model& model, const LiveAdapter& adapter, bool recompute) : model_(model), adapter_(adapter), recompute_(recompute) {}

  double align(const AlignmentSpec& spec, std::span<const TokenPair* const> pairs, double weight, std::uint64_t dropout_seed);
  /// The mean cross entropy over all tokens of the texts that bear loss.
  double task(std::span<const TokenText* const> texts, double weight, std::uint64_t dropout_seed);

  // Without gradients and dropout.
  double align_only(const AlignmentSpec& spec, std::span<const TokenPair* const> pairs);
  double task_only(std::span<const TokenText* const> texts);

 private:
  double align(const PlainForward& forward, const AlignmentSpec& spec, std::span<const TokenPair* const> pairs, double weight);
  double task(const PlainForward& forward, std::span<const TokenText* const> texts, double weight);

  const Model& model_;
  const LiveAdapter& adapter_;
  bool recompute_;
};

}  // namespace tertium
