#include "tertium/cli/summary_json.h"

#include <nlohmann/json.hpp>

#include "tertium/analysis/agreement.h"
#include "tertium/analysis/summary.h"

namespace tertium {
namespace {

using Json = nlohmann::ordered_json;

Json of(const Rate& rate) {
  return {{"value", rate.value}, {"low", rate.low}, {"high", rate.high}, {"hits", rate.hits}, {"n", rate.n}};
}

Json of(const PatchTable& table) {
  const PatchKey& key = table.key;
  Json json = {{"direction", key.direction}, {"site", key.site},     {"position", key.position},
               {"window", key.window},       {"items", table.items}, {"without_donor", table.without_donor}};
  if (key.head >= 0) json["head"] = key.head;
  for (const auto& [control, by_block] : table.effects)
    for (const auto& [block, effect] : by_block)
      json["controls"][control].push_back({{"block", block},
                                           {"changed", of(effect.changed)},
                                           {"copied", of(effect.copied)},
                                           {"recovery", effect.recovery}});
  return json;
}

Json of(const LanguageSummary& language) {
  Json json = {{"language", language.language},
               {"accuracy", of(language.accuracy)},
               {"ts", language.ts},
               {"tf", language.tf},
               {"fs", language.fs},
               {"ff", language.ff},
               {"identical_options", language.identical_options}};
  for (const auto& [rule, rate] : language.by_rule) json["by_rule"][rule] = of(rate);
  for (const auto& [metric, means] : language.alignment)
    json["alignment"][metric] = {{"ts", means.ts}, {"tf", means.tf}};
  for (const PatchTable& table : language.patches) json["patches"].push_back(of(table));
  return json;
}

}  // namespace

Json to_json(const std::vector<TaskSummary>& tasks) {
  Json all = Json::array();
  for (const TaskSummary& task : tasks) {
    Json& json = all.emplace_back(Json{{"task", task.task},
                                       {"protocol", task.protocol},
                                       {"pivot", task.pivot},
                                       {"rule", task.rule},
                                       {"items", task.items}});
    if (task.noise_floor >= 0) json["noise_floor"] = task.noise_floor;
    for (const LanguageSummary& language : task.languages) json["languages"].push_back(of(language));
  }
  return all;
}

Json to_json(const std::vector<Agreement>& agreements) {
  Json all = Json::array();
  for (const Agreement& found : agreements) {
    Json& json = all.emplace_back(Json{{"task", found.task},
                                       {"language", found.language},
                                       {"protocol", found.protocol},
                                       {"same", of(found.agreeing)},
                                       {"always_right", of(found.always_right)},
                                       {"mean_accuracy", found.mean}});
    for (const auto& [order, rate] : found.accuracy) json["accuracy"][order] = of(rate);
  }
  return all;
}

}  // namespace tertium
