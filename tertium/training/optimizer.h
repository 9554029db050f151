#pragma once

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "tertium/training/train_spec.h"

namespace tertium {

/// AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), step for step as PyTorch computes it.
class AdamW {
 public:
  AdamW(const OptimizerSpec& spec, std::vector<std::pair<std::string, at::Tensor>> parameters);

  /// Takes the gradients away.
  void forget_gradients();
  /// The length of all gradients together; where it exceeds spec.clip, they are shortened to that.
  double clip_gradients();
  /// One step at a learning rate. A parameter without a gradient has one of 0.
  void step(double rate);

  int steps() const { return steps_; }
  void set_steps(int steps) { steps_ = steps; }
  /// The moving means of gradients and of their squares, by parameter: what a checkpoint holds beside the parameters.
  const std::vector<std::pair<std::string, at::Tensor>>& moments() const { return moments_; }

 private:
  OptimizerSpec spec_;
  std::vector<std::pair<std::string, at::Tensor>> parameters_;
  std::vector<std::pair<std::string, at::Tensor>> moments_;  // "m.NAME" and "v.NAME", one behind the other
  int steps_ = 0;
};

}  // namespace tertium
