#include "tertium/training/losses.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "tertium/base/error.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

using at::Tensor;

const Hook kLook = [](Site, const Tensor& activations) { return activations; };

/// The stream of some sequences at one index, and the way back of a gradient from it to the adapter's factors.
class Tape {
 public:
  /// With `with_gradient`, `state` is where the gradient begins: what is computed from it must be differentiated first.
  Tape(const PlainForward& forward, const Sequences& sequences, int layer, int first_changed, bool recompute,
       bool with_gradient)
      : forward_(forward), lengths_(sequences.lengths) {
    const at::AutoGradMode none(false);
    first_ = std::min(first_changed, layer);
    Tensor x = forward.through(forward.embedded(sequences), lengths_, 0, first_, kLook);
    if (with_gradient && recompute) {
      for (int b = first_; b < layer; ++b) {
        entering_.push_back(x);
        x = forward.through(x, lengths_, b, b + 1, kLook);
      }
    } else {
      const at::AutoGradMode gradient(with_gradient);
      x = end_ = forward.through(x, lengths_, first_, layer, kLook);
    }
    state = x.detach().requires_grad_(with_gradient);
  }

  Tensor state;  // [R, D]

  /// Leaves the factors their gradients.
  void carry_back() {
    const at::AutoGradMode mode(true);
    Tensor gradient = state.grad();
    if (!gradient.defined()) return;
    if (end_.defined()) {
      if (end_.requires_grad()) end_.backward(gradient);
      return;
    }
    for (std::size_t i = entering_.size(); i-- > 0;) {
      const Tensor in = entering_[i].detach().requires_grad_(i > 0);
      const int b = first_ + static_cast<int>(i);
      const Tensor out = forward_.through(in, lengths_, b, b + 1, kLook);
      if (!out.requires_grad()) return;
      out.backward(gradient);
      gradient = in.grad();
      entering_.pop_back();
    }
  }

 private:
  const PlainForward& forward_;
  std::vector<std::int64_t> lengths_;
  int first_ = 0;
  std::vector<Tensor> entering_;  // what enters the blocks from `first_` on
  Tensor end_;                    // with its history; undefined where that is made again
};

double finite(double loss, const char* which) {
  if (!std::isfinite(loss))
    fail("the {} loss is NaN or infinite; lower train.learning_rate, or clip gradients (train.clip)", which);
  return loss;
}

}  // namespace

Tensor sentence_states(const Tensor& rows, std::span<const std::int64_t> lengths, SentenceState which) {
  std::vector<Tensor> states;
  std::int64_t first = 0;
  for (const std::int64_t length : lengths) {
    states.push_back(which == SentenceState::last ? rows[first + length - 1] : rows.narrow(0, first, length).mean(0));
    first += length;
  }
  return at::stack(states);
}

Tensor alignment_loss(const AlignmentSpec& spec, const Tensor& x, const Tensor& pivot) {
  const auto unit = [](const Tensor& states) {
    return states / states.norm(2, {-1}, /*keepdim=*/true).clamp_min(1e-12);
  };
  const Tensor target = spec.gradient_to_x_only ? pivot.detach() : pivot;
  const Tensor cosines = at::matmul(unit(x), unit(target).t()) / spec.temperature;  // [of x, of the pivot]
  const Tensor one = cosines.log_softmax(1).diagonal().mean().neg();
  if (!spec.both_directions) return one;
  return (one + cosines.log_softmax(0).diagonal().mean().neg()) / 2;
}

double LossRunner::align(const PlainForward& forward, const AlignmentSpec& spec, std::span<const TokenPair* const> pairs,
                         double weight) {
  Sequences both;
  for (const TokenPair* pair : pairs) both.add(pair->x);
  for (const TokenPair* pair : pairs) both.add(pair->pivot);
  Tape tape(forward, both, spec.layer, adapter_.first_block(), recompute_, weight != 0);
  const at::AutoGradMode mode(weight != 0);
  const auto count = static_cast<std::int64_t>(pairs.size());
  const Tensor states = sentence_states(tape.state, both.lengths, spec.state);
  const Tensor loss = alignment_loss(spec, states.narrow(0, 0, count), states.narrow(0, count, count));
  if (weight != 0) {
    (loss * weight).backward();
    tape.carry_back();
  }
  return finite(loss.item<double>(), "alignment");
}

double LossRunner::task(const PlainForward& forward, std::span<const TokenText* const> texts, double weight) {
  // Logits take a vocabulary's width, so that few rows have them at a time.
  constexpr std::int64_t kRows = 64;
  Sequences all;
  std::vector<std::int64_t> rows;   // which predict a token that bears loss
  std::vector<std::int64_t> words;  // those tokens
  for (const TokenText* text : texts) {
    const auto first = static_cast<std::int64_t>(all.ids.size());
    all.add(text->ids);
    for (std::size_t t = static_cast<std::size_t>(text->prompt); t < text->ids.size(); ++t) {
      rows.push_back(first + static_cast<std::int64_t>(t) - 1);
      words.push_back(text->ids[t]);
    }
  }
  Tape tape(forward, all, forward.config().block_count(), adapter_.first_block(), recompute_, weight != 0);
  const at::AutoGradMode mode(weight != 0);
  const auto count = static_cast<std::int64_t>(rows.size());
  const Tensor which = at::tensor(rows), wanted = at::tensor(words).unsqueeze(1);  // [count], [count, 1]
  double sum = 0;
  for (std::int64_t first = 0; first < count; first += kRows) {
    const std::int64_t some = std::min(kRows, count - first);
    const Tensor states = forward.final_norm(tape.state.index_select(0, which.narrow(0, first, some)));
    const Tensor loss = forward.logits(states).log_softmax(-1).gather(1, wanted.narrow(0, first, some)).sum().neg();
    if (weight != 0) (loss * (weight / static_cast<double>(count))).backward();
    sum += loss.item<double>();
  }
  if (weight != 0) tape.carry_back();
  return finite(sum / static_cast<double>(count), "task");
}

double LossRunner::align(const AlignmentSpec& spec, std::span<const TokenPair* const> pairs, double weight,
                         std::uint64_t dropout_seed) {
  return align(PlainForward(model_, adapter_.addition(true, dropout_seed), PlainForward::Products::any), spec, pairs, weight);
}

double LossRunner::task(std::span<const TokenText* const> texts, double weight, std::uint64_t dropout_seed) {
  return task(PlainForward(model_, adapter_.addition(true, dropout_seed), PlainForward::Products::any), texts, weight);
}

double LossRunner::align_only(const AlignmentSpec& spec, std::span<const TokenPair* const> pairs) {
  return align(PlainForward(model_, adapter_.addition(false), PlainForward::Products::any), spec, pairs, 0);
}

double LossRunner::task_only(std::span<const TokenText* const> texts) {
  return task(PlainForward(model_, adapter_.addition(false), PlainForward::Products::any), texts, 0);
}

}  // namespace tertium
