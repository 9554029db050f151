#include "tertium/analysis/regression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tertium/analysis/groups.h"
#include "tertium/analysis/layer_choice.h"
#include "tertium/base/text.h"
#include "tertium/stats/logistic.h"

namespace tertium {
namespace {

/// One answer and what may explain it.
struct Case {
  const PairedAnswer* answer;
  const LanguageObservations* language;
  double aligned = 0;
};

std::vector<Case> cases_of(const Observations& observations, const std::string& task, const std::string& protocol,
                           const std::string& metric) {
  std::vector<Case> cases;
  for (const LanguageObservations& language : observations.languages) {
    if (language.is_pivot || language.of.task != task || language.of.protocol != protocol) continue;
    const AlignmentObservations* at = study_layer(observations, task, language.of.language, metric);
    if (!at) continue;
    // A language that is always right or always wrong tells nothing of what makes the difference.
    const auto right = std::ranges::count_if(language.answers, &PairedAnswer::right);
    if (right == 0 || right == std::ssize(language.answers)) continue;
    for (const PairedAnswer& answer : language.answers)
      if (const auto value = at->values.find(answer.item); !answer.undecided && value != at->values.end())
        cases.push_back({&answer, &language, value->second});
  }
  return cases;
}

/// A column of the design and its name. One that is the same everywhere tells nothing and stays out.
struct Term {
  std::string name;
  std::vector<double> values;

  bool varies() const {
    return std::ranges::any_of(values, [&](double value) { return value != values.front(); });
  }
};

template <class Value>
Term term(const std::string& name, const std::vector<Case>& cases, const Value& value) {
  Term term{name, {}};
  for (const Case& one : cases) term.values.push_back(value(one));
  return term;
}

std::vector<Term> terms_of(const std::vector<Case>& cases) {
  std::vector<Term> terms = {term("intercept", cases, [](const Case&) { return 1.0; })};
  const auto add = [&](const Term& candidate) {
    if (candidate.varies()) terms.push_back(candidate);
  };
  add(term("aligned", cases, [](const Case& one) { return one.aligned; }));
  add(term("tokens", cases, [](const Case& one) { return static_cast<double>(one.answer->tokens); }));
  const Term margin = term("pivot margin", cases, [](const Case& one) { return one.answer->pivot_margin; });
  if (std::ranges::all_of(margin.values, [](double value) { return std::isfinite(value); })) add(margin);
  std::vector<const LanguageObservations*> languages;
  for (const Case& one : cases)
    if (std::ranges::find(languages, one.language) == languages.end()) languages.push_back(one.language);
  for (std::size_t i = 1; i < languages.size(); ++i)  // beside the first
    terms.push_back(term("language " + languages[i]->of.language, cases,
                         [&](const Case& one) { return one.language == languages[i] ? 1.0 : 0.0; }));
  return terms;
}

LogisticData data_of(const std::vector<Case>& cases, const std::vector<Term>& terms) {
  LogisticData data{.columns = terms.size()};
  std::vector<std::string> units;
  for (std::size_t row = 0; row < cases.size(); ++row) {
    for (const Term& term : terms) data.design.push_back(term.values[row]);
    data.outcomes.push_back(cases[row].answer->right);
    units.push_back(cases[row].answer->unit);
  }
  data.units = numbered(units);
  return data;
}

std::string names(const std::vector<std::size_t>& columns, const std::vector<Term>& terms) {
  std::vector<std::string> names;
  for (const std::size_t column : columns) names.push_back(terms[column].name);
  return join(names);
}

std::string note_on(const LogisticFit& fit, const std::vector<Term>& terms) {
  switch (fit.state) {
    case LogisticState::converged:
      return {};
    case LogisticState::separated:
      return fmt::format("{} tell some answers for certain, so no finite fit exists", names(fit.culprits, terms));
    case LogisticState::collinear:
      return fmt::format("{} follow from the other terms", names(fit.culprits, terms));
    case LogisticState::too_few:
      return fmt::format("{} answers are too few for {} terms", fit.rows, terms.size());
    default:
      return "it does not converge";
  }
}

RegressionResult regress(RegressionResult result, const std::vector<Case>& cases) {
  const std::vector<Term> terms = terms_of(cases);
  const LogisticFit fit = logistic_regression(data_of(cases, terms));
  result.n = fit.rows;
  result.units = fit.units;
  result.note = note_on(fit, terms);
  if (!result.note.empty()) return result;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const Coefficient& one = fit.coefficients[i];
    result.coefficients.push_back({terms[i].name, one.value, one.error, one.z, one.p});
  }
  return result;
}

}  // namespace

std::vector<RegressionResult> regression_results(const Observations& observations) {
  const std::set<std::string> real = real_metrics(observations);
  std::vector<RegressionResult> results;
  for (const LanguageObservations& language : observations.languages) {
    if (language.is_pivot) continue;
    const auto& [task, protocol, name] = language.of;
    for (const std::string& metric : metrics_of(observations, task, name)) {
      const auto is_done = [&, &task = task, &protocol = protocol](const RegressionResult& one) {
        return one.task == task && one.protocol == protocol && one.metric == metric;
      };
      if (std::ranges::any_of(results, is_done)) continue;
      const std::vector<Case> cases = cases_of(observations, task, protocol, metric);
      if (cases.empty()) continue;
      results.push_back(regress(
          {.task = task, .protocol = protocol, .metric = metric, .is_binary = !real.contains(metric)}, cases));
    }
  }
  return results;
}

}  // namespace tertium
