#include "tertium/report/document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tertium/analysis/chance.h"
#include "tertium/analysis/comparison.h"
#include "tertium/analysis/observations.h"
#include "tertium/analysis/result_table.h"
#include "tertium/analysis/warnings.h"
#include "tertium/base/error.h"
#include "tertium/report/item_columns.h"
#include "tertium/report/rounded.h"
#include "tertium/report/translation_columns.h"

namespace tertium {
namespace {

using Json = nlohmann::ordered_json;

struct CellJson {
  Json operator()(const std::string& text) const { return text; }
  Json operator()(std::int64_t count) const { return count; }
  Json operator()(double value) const { return six_digits(value); }
  Json operator()(const CellInterval& ci) const {
    if (!std::isfinite(ci.low) || !std::isfinite(ci.high)) return nullptr;
    return Json::array({six_digits(ci.low), six_digits(ci.high)});
  }
};

Json table_json(const ResultTable& table) {
  Json rows = Json::array();
  for (const std::vector<Cell>& cells : table.rows) {
    Json& row = rows.emplace_back(Json::array());
    for (const Cell& cell : cells) row.push_back(std::visit(CellJson{}, cell));
  }
  return {{"columns", table.columns}, {"rows", std::move(rows)}};
}

Json tables_json(const std::vector<ResultTable>& tables) {
  Json json = Json::object();
  for (const ResultTable& table : tables) json[table.name] = table_json(table);
  return json;
}

/// A task under one protocol, and what chance gives there.
Json parts_json(const Analysis& analysis) {
  Json parts = Json::array();
  for (const LanguageResult& language : analysis.languages) {
    const std::string &task = language.of.task, &protocol = language.of.protocol;
    const auto is_same = [&](const Json& part) { return part["task"] == task && part["protocol"] == protocol; };
    if (std::ranges::any_of(parts, is_same)) continue;
    const std::size_t options = language.options;
    Json chance = Json::object();
    if (options > 0) chance["accuracy"] = six_digits(1. / static_cast<double>(options));
    for (const AlignmentResult& at : analysis.alignment)
      if (at.of.task == task && at.of.protocol == protocol && !chance.contains(at.metric))
        chance[at.metric] = six_digits(chance_level(at.metric, options, language.n));
    std::vector<std::string> pivots;
    for (const LanguageResult& other : analysis.languages)
      if (other.is_pivot && other.of.task == task && other.of.protocol == protocol) pivots.push_back(other.of.language);
    parts.push_back({{"task", task},
                     {"protocol", protocol},
                     {"pivots", pivots},
                     {"options", options},
                     {"items", language.n},
                     {"chance", chance}});
  }
  return parts;
}

Json run_json(const ReportSource& source, const Observations& observations) {
  const RunInfo info = source.store->info();
  const Analysis analysis = analyse(observations);
  const Json items = item_columns(*source.store);
  Json json = {{"name", source.name},
               {"pivot", analysis.pivot},
               {"finished", source.finished},
               {"missing", source.missing},
               {"controls", observations.controls},
               {"parts", parts_json(analysis)},
               {"noise_floor", six_digits(analysis.noise_floor)},
               {"conclusions", analysis.conclusions},
               {"tables", tables_json(result_tables(analysis))}};
  Json& pairs = json["info"] = Json::array();
  for (const auto& [key, value] : info)
    if (!key.starts_with("stage ")) pairs.push_back(Json::array({key, value}));
  Json& warned = json["warnings"] = Json::array();
  for (const Warning& warning : warnings(info)) warned.push_back({{"text", warning.text}, {"where", warning.where}});
  json["items"] = items;
  if (Json translations = translation_columns(*source.store); !translations.is_null())
    json["translations"] = std::move(translations);
  return json;
}

Json comparison_json(const std::vector<NamedObservations>& all) {
  try {
    const Comparison comparison = compare(all);
    return {{"conclusions", comparison.conclusions}, {"tables", tables_json(result_tables(comparison))}};
  } catch (const Error& nothing_in_common) {
    return {{"note", nothing_in_common.what()}};
  }
}

}  // namespace

Json report_document(const std::vector<ReportSource>& sources, const std::string& version) {
  Json runs = Json::array();
  std::vector<NamedObservations> all;
  for (const ReportSource& source : sources) {
    all.push_back({source.name, observations_of(*source.store)});
    runs.push_back(run_json(source, all.back().observations));
  }
  Json document = {{"tertium", version}, {"runs", std::move(runs)}};
  if (sources.size() > 1) document["comparison"] = comparison_json(all);
  return document;
}

}  // namespace tertium
