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

bool is_ablated(Site site) {
  return site.kind == SiteKind::attn_out || site.kind == SiteKind::mlp_out || site.kind == SiteKind::z;
}

/// Adds what taking out each place in some differentiated runs would change.
void add_ablations(const std::vector<DifferentiableRun>& runs, const SiteMeans& means,
                   std::map<Site, double>& estimates) {
  const auto mean_at = [&](Site site, std::int64_t width) {
    if (!means) return at::zeros(width);
    const std::span<const float> mean = means(site);
    return at::from_blob(const_cast<float*>(mean.data()), {width}, at::kFloat).clone();
  };
  for (const DifferentiableRun& run : runs)
    for (const auto& [site, x] : run.activations) {
      const Tensor slope = x.grad();  // undefined for an option that is neither gold nor best other
      if (!is_ablated(site) || !slope.defined()) continue;
      const std::int64_t heads = site.kind == SiteKind::z ? x.size(1) : 1;
      for (int head = 0; head < heads; ++head) {
        const Site place{site.kind, site.block, site.kind == SiteKind::z ? head : Site::kNoHead};
        const Tensor own = site.kind == SiteKind::z ? x.select(1, head) : x,
                     along = site.kind == SiteKind::z ? slope.select(1, head) : slope;
        estimates[place] += (along * (mean_at(place, own.size(1)) - own)).sum(at::kDouble).item<double>();
      }
    }
}

/// The runs of an item's statements, each whole.
std::vector<DifferentiableRun> statement_runs(const PlainForward& forward, const Question& statements) {
  std::vector<DifferentiableRun> runs;
  for (const std::vector<TokenId>& option : statements.options) {
    std::vector<TokenId> ids = statements.context;
    ids.insert(ids.end(), option.begin(), option.end());
    runs.push_back(differentiable_run(forward, ids));
  }
  return runs;
}

/// Last rows at a site scaled to length 1, [runs, D].
Tensor unit_states(const std::vector<DifferentiableRun>& runs, Site site) {
  std::vector<Tensor> rows;
  for (const DifferentiableRun& run : runs) rows.push_back(run.activations.at(site)[-1]);
  const Tensor states = at::stack(rows);
  return states / states.square().sum(1, /*keepdim=*/true).sqrt().clamp_min(1e-12);
}

Tensor mean_margin_of(const std::vector<DifferentiableRun>& pivot, const std::vector<DifferentiableRun>& other,
                      int blocks) {
  std::vector<Tensor> margins;
  for (int index = 0; index <= blocks; ++index) {
    const Site site = index == 0 ? Site{SiteKind::resid_pre, 0} : Site{SiteKind::resid_post, index - 1};
    const Tensor cosines = unit_states(pivot, site).matmul(unit_states(other, site).t());
    const Tensor own = at::eye(cosines.size(0), at::kBool);
    margins.push_back(cosines.diagonal().min() - cosines.masked_fill(own, -2).max());
  }
  return at::stack(margins).mean();
}

AblationAttribution ablations_attributed(const Model& model, const AblatedText& asked, std::size_t gold,
                                         const AblatedText& pivot_statements, const AblatedText& statements) {
  const PlainForward forward(model);
  AblationAttribution attribution;
  {
    const at::AutoGradMode with_gradients(true);
    const AskedRuns runs = asked.text->protocol == Protocol::letters ? ask_letters(forward, *asked.text)
                                                                     : ask_loglik(forward, *asked.text);
    const Tensor margin = margin_of(runs.scores, gold);
    margin.backward();
    attribution.margin = margin.item<double>();
    const at::NoGradGuard no_autograd;
    add_ablations(runs.runs, asked.means, attribution.of_margin);
  }
  if (statements.text && pivot_statements.text) {
    const at::AutoGradMode with_gradients(true);
    const auto pivot = statement_runs(forward, *pivot_statements.text), own = statement_runs(forward, *statements.text);
    const Tensor margin = mean_margin_of(pivot, own, forward.config().block_count());
    margin.backward();
    attribution.alignment = margin.item<double>();
    const at::NoGradGuard no_autograd;
    add_ablations(pivot, pivot_statements.means, attribution.of_alignment);
    add_ablations(own, statements.means, attribution.of_alignment);
  }
  for (const auto* estimates : {&attribution.of_margin, &attribution.of_alignment})
    for (const auto& [site, estimate] : *estimates)
      if (!std::isfinite(estimate))
        fail("{}: the gradient at {} is NaN or infinite; leave the item out", asked.text->name, to_string(site));
  return attribution;
}

}  // namespace

AblationAttribution attribute_ablations(const Model& model, const AblatedText& asked, std::size_t gold,
                                        const AblatedText& pivot_statements, const AblatedText& statements) {
  return with_torch_errors(asked.text->name,
                           [&] { return ablations_attributed(model, asked, gold, pivot_statements, statements); });
}

Attribution attribute(const Model& model, const Question& recipient, std::size_t gold, const Question& donor,
                      std::span<const RowMatch> positions) {
  return with_torch_errors(recipient.name, [&] { return attributed(model, recipient, gold, donor, positions); });
}

}  // namespace tertium
