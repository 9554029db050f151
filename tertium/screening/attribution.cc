#include "tertium/screening/attribution.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "tertium/base/error.h"
#include "tertium/model/torch_error.h"
#include "tertium/protocols/asking.h"
#include "tertium/protocols/question.h"
#include "tertium/screening/plain_forward.h"

namespace tertium {
namespace {

using at::Tensor;

/// A run's activations by site: [T, D], or [T, heads, head_dim] at sites with heads.
using SiteTensors = std::map<Site, Tensor>;

/// Whether `site` is the first or only name of its place.
bool names_a_place(Site site) { return site.kind != SiteKind::resid_pre || site.block == 0; }

SiteTensors clean_run(const PlainForward& forward, std::span<const TokenId> ids) {
  const at::NoGradGuard no_autograd;
  SiteTensors activations;
  forward.stream(ids, [&](Site site, const Tensor& x) { return activations[site] = x; });
  return activations;
}

/// A run whose activations know their gradients once what was computed from it has been differentiated.
struct DifferentiableRun {
  SiteTensors activations;
  Tensor state;  // [T, D], behind the final norm
};

DifferentiableRun differentiable_run(const PlainForward& forward, std::span<const TokenId> ids) {
  DifferentiableRun run;
  const auto hook = [&](Site site, const Tensor& x) {
    // No weight needs a gradient, so that it begins with the embeddings.
    const Tensor here = site == Site{SiteKind::resid_pre, 0} ? x.detach().requires_grad_() : x;
    here.retain_grad();
    return run.activations[site] = here;
  };
  run.state = forward.final_norm(forward.stream(ids, hook));
  return run;
}

/// A question that is asked in such runs: in one (letters), or in one an option (loglik).
struct AskedRuns {
  std::vector<DifferentiableRun> runs;
  std::vector<Tensor> scores;  // [options], each a number
};

AskedRuns ask_letters(const PlainForward& forward, const Question& question) {
  AskedRuns asked{.runs = {differentiable_run(forward, question.context)}};
  const Tensor logits = forward.logits(asked.runs[0].state[question.last_row()]);  // [V]
  for (const std::vector<TokenId>& option : question.options) asked.scores.push_back(logits[option.front()]);
  return asked;
}

AskedRuns ask_loglik(const PlainForward& forward, const Question& question) {
  AskedRuns asked;
  for (std::size_t k = 0; k < question.options.size(); ++k) {
    const std::vector<TokenId>& option = question.options[k];
    std::vector<TokenId> ids = question.context;
    ids.insert(ids.end(), option.begin(), option.end() - 1);  // the last token predicts nothing
    const DifferentiableRun& run = asked.runs.emplace_back(differentiable_run(forward, ids));
    const auto count = static_cast<std::int64_t>(option.size());
    const Tensor log_probs = at::log_softmax(forward.logits(run.state.narrow(0, question.last_row(), count)), -1);
    const Tensor words = at::tensor(option).to(at::kLong).unsqueeze(1);  // [count, 1]
    const auto unscored = static_cast<std::int64_t>(question.first_scored(k));
    asked.scores.push_back(log_probs.gather(1, words).narrow(0, unscored, count - unscored).sum() /
                           divisor(question, k));
  }
  return asked;
}

Tensor margin_of(const std::vector<Tensor>& scores, std::size_t gold) {
  std::vector<Tensor> others = scores;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(gold));
  return scores[gold] - at::stack(others).max();
}

/// The margin's gradient by what stands at a site in some rows of the context, which all runs share: [rows, …].
Tensor gradient(const AskedRuns& asked, Site site, const Tensor& rows) {
  Tensor sum;
  for (const DifferentiableRun& run : asked.runs) {
    const Tensor own = run.activations.at(site).grad();  // undefined for an option that is neither gold nor best other
    if (!own.defined()) continue;
    const Tensor chosen = own.index_select(0, rows);
    sum = sum.defined() ? sum + chosen : chosen;
  }
  return sum;
}

/// Adds the estimates of all places at a site and position.
void add_estimates(const AskedRuns& asked, const SiteTensors& donor, Site site, const RowMatch& match,
                   std::map<PatchPlace, double>& estimates) {
  const Tensor rows = at::tensor(match.recipient);
  const Tensor change = donor.at(site).index_select(0, at::tensor(match.donor)) -
                        asked.runs[0].activations.at(site).index_select(0, rows);  // [rows, D] or [rows, H, head_dim]
  const Tensor effect =
      (gradient(asked, site, rows) * change).sum(-1, /*keepdim=*/false, at::kDouble).sum(0);  // [] or [H]
  if (!is_per_head(site.kind)) {
    estimates[{site, match.position}] = effect.item<double>();
    return;
  }
  for (int head = 0; head < effect.size(0); ++head)
    estimates[{{site.kind, site.block, head}, match.position}] = effect[head].item<double>();
}

Attribution attributed(const Model& model, const Question& recipient, std::size_t gold, const Question& donor,
                       std::span<const RowMatch> positions) {
  const PlainForward forward(model);
  const SiteTensors donated = clean_run(forward, donor.context);
  const at::AutoGradMode with_gradients(true);
  const AskedRuns asked =
      recipient.protocol == Protocol::letters ? ask_letters(forward, recipient) : ask_loglik(forward, recipient);
  const Tensor margin = margin_of(asked.scores, gold);
  margin.backward();

  const at::NoGradGuard no_autograd;
  Attribution attribution{.margin = margin.item<double>()};
  for (const auto& [site, activations] : donated)
    for (const RowMatch& match : positions)
      if (names_a_place(site)) add_estimates(asked, donated, site, match, attribution.estimates);
  for (const auto& [place, estimate] : attribution.estimates)
    if (!std::isfinite(estimate))
      fail("{}: the gradient at {} is NaN or infinite; leave the item out", recipient.name, to_string(place.site));
  return attribution;
}

}  // namespace

Attribution attribute(const Model& model, const Question& recipient, std::size_t gold, const Question& donor,
                      std::span<const RowMatch> positions) {
  return with_torch_errors(recipient.name, [&] { return attributed(model, recipient, gold, donor, positions); });
}

}  // namespace tertium
