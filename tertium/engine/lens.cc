#include "tertium/engine/lens.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "tertium/base/item_error.h"
#include "tertium/base/profile.h"
#include "tertium/engine/readout.h"
#include "tertium/model/block.h"
#include "tertium/model/config.h"
#include "tertium/model/model.h"
#include "tertium/model/tuned_lens.h"

namespace tertium {
namespace {

using at::Tensor;

// States that pass the head together; each block of the head is read once for all of them.
constexpr std::int64_t kStatesAtOnce = 256;

/// All indices of one question's stream as they pass the head: after the tuned lens, if there is one, and the norm.
/// [L + 1, D].
Tensor states_of(const Model& model, const LensQuestion& question, const TunedLens* tuned) {
  const Config& config = model.config();
  const std::int64_t indices = config.block_count() + 1;
  if (question.stream.size() != static_cast<std::size_t>(indices) * config.hidden)
    throw std::logic_error("a lens on a stream of another size: " + question.name);
  Tensor stream =
      at::from_blob(const_cast<float*>(question.stream.data()), {indices, config.hidden}, at::kFloat).clone();
  for (std::int64_t index = 0; tuned && index < indices; ++index)
    stream.narrow(0, index, 1).copy_(tuned->translated(static_cast<std::size_t>(index), stream.narrow(0, index, 1)));
  return final_norm(model, model.last_ops().here(stream));
}

std::vector<float> values_of(const Tensor& tensor) {
  const Tensor values = tensor.cpu().contiguous();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

LensAnswer read_logits(const Model& model, const LensQuestion& question, const Tensor& states) {
  const Config& config = model.config();
  return {values_of(question.tokens.empty()
                        ? logits(model, states, 0, config.vocabulary)
                        : logits_of(model, states, model.last_ops().here(at::tensor(question.tokens).to(at::kLong)))),
          {}};
}

/// Log-probabilities of chosen words and the entropy of the whole, of states [R, D]; `wanted` has a question for each
/// `indices` rows.
std::vector<LensAnswer> read_distributions(const Model& model, std::span<const LensQuestion* const> wanted,
                                           const Tensor& states, std::int64_t indices) {
  std::vector<LensAnswer> answers(wanted.size());
  std::vector<WantedLogit> wanted_logits;
  for (std::size_t q = 0; q < wanted.size(); ++q) {
    const std::vector<std::int32_t>& tokens = wanted[q]->tokens;
    answers[q].values.resize(indices * tokens.size());
    for (std::int64_t i = 0; i < indices; ++i)
      for (std::size_t t = 0; t < tokens.size(); ++t)
        wanted_logits.push_back(
            {static_cast<std::int64_t>(q) * indices + i, tokens[t], &answers[q].values[i * tokens.size() + t]});
  }
  // Of each part of the vocabulary: what share of the probability lies there (as a logarithm that is not yet normed),
  // and the entropy within. Both parts of the whole's entropy are sums of terms above 0, so nothing cancels.
  std::vector<Tensor> log_sums, entropies;  // [R] each
  for_each_part_of_vocabulary(model, states, [&](std::int64_t first, const Tensor& values) {
    take(model.last_ops(), wanted_logits, first, values);
    const Tensor log_probs = at::log_softmax(values, 1);
    log_sums.push_back(at::logsumexp(values, 1));
    entropies.push_back(-(log_probs.exp() * log_probs).sum(1));
  });
  const Tensor parts = at::stack(log_sums), shares = at::log_softmax(parts, 0), share = shares.exp();
  const std::vector<float> log_sum = values_of(at::logsumexp(parts, 0));
  const std::vector<float> bits =
      values_of((share * at::stack(entropies) - at::xlogy(share, share)).sum(0) / std::log(2.0));
  for (std::size_t q = 0; q < wanted.size(); ++q) {
    const std::size_t tokens = wanted[q]->tokens.size(), first = q * static_cast<std::size_t>(indices);
    for (std::size_t i = 0; i < static_cast<std::size_t>(indices); ++i) {
      for (std::size_t t = 0; t < tokens; ++t) answers[q].values[i * tokens + t] -= log_sum[first + i];
      answers[q].entropy.push_back(bits[first + i]);
    }
  }
  return answers;
}

void demand_finite(const LensQuestion& question, const LensAnswer& answer, std::size_t indices) {
  const auto demand = [&](const std::vector<float>& values) {
    const auto bad = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
    if (bad == values.end()) return;
    const auto at = static_cast<std::size_t>(bad - values.begin());
    fail_item("{}: at stream index {} the lens reads NaN or infinite numbers; try dtype f32, or leave the item out",
              question.name, at / (values.size() / indices));
  };
  demand(answer.values);
  demand(answer.entropy);
}

}  // namespace

std::vector<LensAnswer> read_lens(const Model& model, std::span<const LensQuestion> questions, const TunedLens* tuned) {
  const c10::InferenceMode no_autograd;
  const Timed timed(Phase::readout);
  const std::int64_t indices = model.config().block_count() + 1;
  std::vector<LensAnswer> answers(questions.size());
  std::vector<const LensQuestion*> wanted;
  std::vector<Tensor> states;
  std::vector<std::size_t> places;
  const auto flush = [&] {
    if (wanted.empty()) return;
    std::vector<LensAnswer> some = read_distributions(model, wanted, at::cat(states), indices);
    for (std::size_t i = 0; i < places.size(); ++i) answers[places[i]] = std::move(some[i]);
    wanted.clear(), states.clear(), places.clear();
  };
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const Tensor own = states_of(model, questions[q], tuned);
    if (questions[q].readout == Readout::logits) {
      answers[q] = read_logits(model, questions[q], own);
      continue;
    }
    wanted.push_back(&questions[q]), states.push_back(own), places.push_back(q);
    if (static_cast<std::int64_t>(wanted.size() + 1) * indices > kStatesAtOnce) flush();
  }
  flush();
  for (std::size_t q = 0; q < questions.size(); ++q)
    demand_finite(questions[q], answers[q], static_cast<std::size_t>(indices));
  return answers;
}

}  // namespace tertium
