#include "tests/support/naive_patch.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "tertium/model/config.h"
#include "tertium/screening/plain_forward.h"

namespace tertium::test {
namespace {

using at::Tensor;

bool same_place(Site a, Site b) { return a.kind == b.kind && a.block == b.block; }

/// Of a site's activations, all or those of one head: [T, width]. A view.
Tensor columns_of(Site site, const Tensor& activations) {
  return site.head == Site::kNoHead ? activations.flatten(1) : activations.select(1, site.head);
}

std::vector<float> values_of(const Tensor& x) {
  const Tensor in_order = x.contiguous();
  return {in_order.const_data_ptr<float>(), in_order.const_data_ptr<float>() + in_order.numel()};
}

using Row = std::vector<double>;

double dot(const Row& a, const Row& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

/// x less its part in the span of directions: one after the other, each less its parts in those before (Gram-Schmidt).
Row projected(Row x, const Row& directions) {
  std::vector<Row> basis;
  for (std::size_t first = 0; first < directions.size(); first += x.size()) {
    Row next(directions.begin() + static_cast<std::ptrdiff_t>(first),
             directions.begin() + static_cast<std::ptrdiff_t>(first + x.size()));
    const auto lessen = [](Row& row, const Row& by) {
      const double share = dot(row, by);
      for (std::size_t i = 0; i < row.size(); ++i) row[i] -= share * by[i];
    };
    for (const Row& earlier : basis) lessen(next, earlier);
    const double norm = std::sqrt(dot(next, next));
    for (double& value : next) value /= norm;
    lessen(x, next);
    basis.push_back(std::move(next));
  }
  return x;
}

/// What an operation makes of one row, the r-th of those that it changes.
Row changed(const NaiveEdit& edit, std::size_t r, const Row& x) {
  const std::size_t width = x.size();
  const Row values(edit.values.begin(), edit.values.end());
  Row y = x;
  switch (edit.operation) {
    case Operation::replace:
      return {values.begin() + static_cast<std::ptrdiff_t>(r * width),
              values.begin() + static_cast<std::ptrdiff_t>((r + 1) * width)};
    case Operation::zero:
      return Row(width);
    case Operation::project:
      return projected(x, values);
    case Operation::add: {
      for (std::size_t i = 0; i < width; ++i) y[i] += edit.dose * values[i];
      const double scale = edit.renormed ? std::sqrt(dot(x, x) / dot(y, y)) : 1;
      for (double& value : y) value *= scale;
      return y;
    }
    case Operation::map:
      for (std::size_t out = 0; out < width; ++out) {
        double mapped = values[width * width + out];
        for (std::size_t in = 0; in < width; ++in) mapped += x[in] * values[in * width + out];
        y[out] += edit.dose * (mapped - x[out]);
      }
      return y;
  }
  throw std::logic_error("an unknown operation");
}

Tensor edited(const NaiveEdit& edit, const Tensor& activations) {
  Tensor copy = activations.clone(at::MemoryFormat::Contiguous);
  Tensor columns = columns_of(edit.site, copy);
  for (std::size_t r = 0; r < edit.rows.size(); ++r) {
    const std::vector<float> x = values_of(columns[edit.rows[r]]);
    const Row y = changed(edit, r, {x.begin(), x.end()});
    columns[edit.rows[r]].copy_(at::tensor(y, at::kDouble));
  }
  return copy;
}

/// Of one row of logits [T, V], at one word.
double log_prob(const std::vector<float>& logits, std::size_t row, std::size_t vocabulary, TokenId word) {
  const float* values = logits.data() + row * vocabulary;
  double sum = 0;
  for (std::size_t v = 0; v < vocabulary; ++v) sum += std::exp(static_cast<double>(values[v]));
  return values[word] - std::log(sum);
}

std::vector<double> letter_scores(const Model& model, const Question& question, const std::vector<NaiveEdit>& edits) {
  const std::vector<float> logits = naive_logits(model, question.context, edits);
  std::vector<double> scores;
  for (const std::vector<TokenId>& option : question.options)
    scores.push_back(logits[question.last_row() * model.config().vocabulary + option.front()]);
  return scores;
}

std::vector<double> loglik_scores(const Model& model, const Question& question, const std::vector<NaiveEdit>& edits) {
  std::vector<double> scores;
  for (const std::vector<TokenId>& option : question.options) {
    std::vector<TokenId> ids = question.context;
    ids.insert(ids.end(), option.begin(), option.end() - 1);  // the last token predicts nothing
    const std::vector<float> logits = naive_logits(model, ids, edits);
    double& score = scores.emplace_back(0);
    for (std::size_t i = 0; i < option.size(); ++i)
      score += log_prob(logits, question.last_row() + i, model.config().vocabulary, option[i]);
  }
  return scores;
}

}  // namespace

std::vector<float> naive_rows(const Model& model, std::span<const std::int32_t> ids, Site site,
                              const std::vector<int>& rows) {
  const c10::InferenceMode no_autograd;
  Tensor found;
  PlainForward(model).stream(ids, [&](Site here, const Tensor& activations) {
    if (same_place(site, here)) found = columns_of(site, activations).index_select(0, at::tensor(rows));
    return activations;
  });
  if (!found.defined()) throw std::logic_error("no such site in this model: " + to_string(site));
  return values_of(found);
}

std::vector<float> naive_logits(const Model& model, std::span<const std::int32_t> ids,
                                const std::vector<NaiveEdit>& edits) {
  const c10::InferenceMode no_autograd;
  const PlainForward forward(model);
  std::size_t fired = 0;
  Tensor entered;  // the block
  const Tensor stream = forward.stream(ids, [&](Site here, Tensor activations) {
    for (const NaiveEdit& edit : edits) {
      if (!same_place(edit.site, here)) continue;
      activations = edit.skips ? activations.index_copy(0, at::tensor(edit.rows).to(at::kLong),
                                                        entered.index_select(0, at::tensor(edit.rows)))
                               : edited(edit, activations);
      ++fired;
    }
    if (here.kind == SiteKind::resid_pre) entered = activations;
    return activations;
  });
  if (fired != edits.size()) throw std::logic_error("an edit did not fire");
  return values_of(forward.logits(forward.final_norm(stream)));
}

double naive_margin(const Model& model, const Question& question, std::size_t gold,
                    const std::vector<NaiveEdit>& edits) {
  std::vector<double> scores = question.protocol == Protocol::letters ? letter_scores(model, question, edits)
                                                                      : loglik_scores(model, question, edits);
  const double of_gold = scores[gold];
  scores.erase(scores.begin() + static_cast<std::ptrdiff_t>(gold));
  return of_gold - *std::max_element(scores.begin(), scores.end());
}

}  // namespace tertium::test
