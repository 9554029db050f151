#include "tertium/experiment/task_demands.h"

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/experiment/repair_run.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/stages.h"
#include "tertium/metrics/metric.h"

namespace tertium {
namespace {

std::vector<std::string> ids_of(const PreparedLanguage& language) {
  std::vector<std::string> ids;
  for (const Item& item : language.items) ids.push_back(item.id);
  return ids;
}

}  // namespace

std::vector<const Metric*> metrics_of(const Experiment& experiment) {
  std::vector<const Metric*> metrics;
  for (const std::string& name : experiment.metrics) metrics.push_back(&metric_named(name));
  return metrics;
}

Wanted states_wanted(const std::vector<const Metric*>& metrics) {
  Wanted wanted;
  for (const Metric* metric : metrics) {
    wanted.statements |= metric->of_item != nullptr;
    wanted.premise |= metric->of_pair != nullptr;
  }
  return wanted;
}

Demand scoring_demand(const TaskSpec& task, const PreparedLanguage& language, const ItemKeys& keys) {
  return {
      .series = {task.name, task.stored_protocol(), language.language, std::string(kScoring), ""},
      .parts = {""},
      .members = ids_of(language),
      .key = [&keys = keys](std::size_t, std::size_t i) { return keys.asked[i]; },
      // Questions of one passage share its rows, and so belong into one unit.
      .cost =
          [&language = language](std::size_t i, const auto&) {
            return static_cast<double>(rows_of(language.questions[i], i > 0 ? &language.questions[i - 1] : nullptr));
          }};
}

Demand scoring_and_lens_demand(const TaskSpec& task, const PreparedLanguage& language, const ItemKeys& keys,
                               const PreparedLanguage& pivot, const std::string& tuned) {
  Demand demand = scoring_demand(task, language, keys);
  demand.parts.emplace_back(kLens);
  demand.key = [&keys = keys, &pivot = pivot, tuned](std::size_t part, std::size_t i) {
    if (part == 0) return keys.asked[i];
    Hasher hasher;
    hasher.add(keys.asked[i]).add(tuned);
    for (const std::vector<TokenId>& option : pivot.questions[i].options) hasher.add(std::int64_t{option.front()});
    return hasher.hex();
  };
  return demand;
}

Demand repair_demand(const RepairSpec& spec, const TaskSpec& task, const PreparedLanguage& language,
                     const ItemKeys& pivot, const ItemKeys& own, const ItemKeys* control, const std::string& more,
                     const Config& config) {
  Demand demand{.series = {task.name, task.stored_protocol(), language.language, kRepairing, ""},
                .parts = spec.kinds,
                .members = ids_of(language)};
  std::string decided = fmt::format("{} {} {} {} {}", spec.fit, spec.rank, spec.seed, fmt::join(spec.alphas, " "),
                                    fmt::join(spec.controls, " "));
  if (spec.blocks) decided += fmt::format(" blocks {}", fmt::join(*spec.blocks, " "));
  decided += more;
  demand.key = [decided, &pivot, &own, control](std::size_t, std::size_t i) {
    return Hasher().add(decided).add(pivot.asked[i]).add(own.asked[i]).add(control ? control->asked[i] : "").hex();
  };
  demand.cost = [&spec, &language, &config](std::size_t i, const std::vector<std::size_t>& parts) {
    return repair_rows(spec, language.questions[i], config) * static_cast<double>(parts.size());
  };
  demand.together = true;
  demand.apart = true;  // a kind takes long
  return demand;
}

Demand alignment_demand(const PreparedTask& task, const PreparedLanguage& language, const ItemKeys& pivot,
                        const ItemKeys& own, const std::vector<const Metric*>& metrics, bool of_corpus) {
  Demand demand{.series = {task.spec.name, "", language.language, std::string(kAligning), ""},
                .parts = {},
                .members = ids_of(language)};
  for (const Metric* metric : metrics)
    if ((metric->of_pair != nullptr) == of_corpus) demand.parts.emplace_back(metric->name);
  demand.key = [&pivot = pivot, &own = own](std::size_t, std::size_t i) {
    return Hasher().add(pivot.texts[i]).add(own.texts[i]).hex();
  };
  demand.cost = [&task = task, &language = language](std::size_t i, const auto&) {
    return static_cast<double>(rows_of(task.pivot.questions[i]) + rows_of(language.questions[i]));
  };
  demand.together = of_corpus;
  return demand;
}

}  // namespace tertium
