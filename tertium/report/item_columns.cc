#include "tertium/report/item_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "tertium/analysis/item_results.h"
#include "tertium/report/rounded.h"

namespace tertium {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kScoreDecimals = 4, kMarginDecimals = 3;

/// Items as numbers: their places in the lists of their tasks.
class ItemNumbers {
 public:
  ItemNumbers(const std::vector<ItemRow>& items, const std::vector<ScoreRow>& scores) {
    for (const ItemRow& row : items) add(row.task, row.item, row.category);
    for (const ScoreRow& row : scores) add(row.task, row.item, "");
  }

  /// -1 where there is none, such as a donor that an imported file names.
  int of(const std::string& task, const std::string& item) const {
    const auto found = numbers_.find({task, item});
    return found == numbers_.end() ? -1 : found->second;
  }

  Json tasks(const std::vector<TextRow>& texts) const {
    Json all = Json::array();
    for (const std::string& task : order_) {
      const Lists& lists = lists_.at(task);
      all.push_back({{"task", task}, {"ids", lists.ids}, {"categories", lists.categories}, {"texts", Json::object()}});
    }
    for (const TextRow& row : texts) {
      const int item = of(row.task, row.item);
      if (item < 0) continue;
      const auto task = std::ranges::find(order_, row.task) - order_.begin();
      Json& language = all[static_cast<std::size_t>(task)]["texts"][row.language];
      if (language.is_null()) language = Json(std::vector<Json>(lists_.at(row.task).ids.size(), Json::array()));
      // The context comes first: option -1.
      language[static_cast<std::size_t>(item)].push_back(row.text);
    }
    return all;
  }

 private:
  struct Lists {
    std::vector<std::string> ids, categories;
  };

  void add(const std::string& task, const std::string& item, const std::string& category) {
    const auto [list, is_new_task] = lists_.try_emplace(task);
    if (is_new_task) order_.push_back(task);
    if (!numbers_.try_emplace({task, item}, static_cast<int>(list->second.ids.size())).second) return;
    list->second.ids.push_back(item);
    list->second.categories.push_back(category);
  }

  std::vector<std::string> order_;
  std::map<std::string, Lists> lists_;
  std::map<std::pair<std::string, std::string>, int> numbers_;
};

Json name_of(const TaskLanguage& of) {
  return {{"task", of.task}, {"protocol", of.protocol}, {"language", of.language}};
}

/// "ts": 0, "tf": 1, "fs": 2, "ff": 3, none: -1.
int number_of(const std::optional<Transfer>& transfer) { return transfer ? static_cast<int>(*transfer) : -1; }

Json answers_of_language(const LanguageItems& language, const ItemNumbers& numbers) {
  Json json = name_of(language.of);
  json["pivot"] = language.pivot;
  json["has_scores"] = language.has_scores;
  std::vector<int> items, gold, chosen, options, transfer;
  Json scores = Json::array(), margins = Json::array();
  for (const ItemAnswer& one : language.answers) {
    items.push_back(numbers.of(language.of.task, one.item));
    gold.push_back(static_cast<int>(one.answer.gold));
    chosen.push_back(static_cast<int>(one.answer.chosen()));
    options.push_back(static_cast<int>(one.answer.scores.size()));
    transfer.push_back(number_of(one.transfer));
    margins.push_back(with_decimals(one.answer.margin(), kMarginDecimals));
    for (const double score : one.answer.scores) scores.push_back(with_decimals(score, kScoreDecimals));
  }
  json.update({{"items", items}, {"gold", gold}, {"chosen", chosen}, {"options", options}, {"transfer", transfer}});
  json.update({{"margins", margins}, {"scores", scores}});
  return json;
}

bool is_indicator(const std::vector<AlignmentRow>& rows, const std::string& metric) {
  return std::ranges::all_of(
      rows, [&](const AlignmentRow& row) { return row.metric != metric || row.value == 0 || row.value == 1; });
}

/// A metric of a language: by layer, a value for each item; those of an indicator as one text of 0 and 1 ("." where
/// there is none).
Json alignment_columns(const std::vector<AlignmentRow>& rows, const ItemNumbers& numbers) {
  using Key = std::tuple<std::string, std::string, std::string, std::string>;  // task, language, metric, stream
  std::vector<Key> order;
  std::map<Key, std::map<int, std::map<int, double>>> values;  // by layer, by item
  std::map<std::string, bool> indicators;
  for (const AlignmentRow& row : rows) {
    const Key key{row.task, row.language, row.metric, row.stream};
    const auto [place, is_new] = values.try_emplace(key);
    if (is_new) order.push_back(key);
    if (!indicators.contains(row.metric)) indicators[row.metric] = is_indicator(rows, row.metric);
    place->second[row.layer][numbers.of(row.task, row.item)] = row.value;
  }
  Json all = Json::array();
  for (const Key& key : order) {
    const auto& [task, language, metric, stream] = key;
    std::set<int> items;
    for (const auto& [layer, by_item] : values.at(key))
      for (const auto& [item, value] : by_item) items.insert(item);
    std::vector<int> layers;
    Json columns = Json::array();
    for (const auto& [layer, by_item] : values.at(key)) {
      layers.push_back(layer);
      std::string bits;
      Json numbers_of_layer = Json::array();
      for (const int item : items) {
        const auto found = by_item.find(item);
        const bool is_there = found != by_item.end();
        if (indicators.at(metric))
          bits += !is_there ? '.' : found->second == 1 ? '1' : '0';
        else
          numbers_of_layer.push_back(is_there ? with_decimals(found->second, kScoreDecimals) : Json());
      }
      columns.push_back(indicators.at(metric) ? Json(bits) : std::move(numbers_of_layer));
    }
    all.push_back({{"task", task},
                   {"language", language},
                   {"metric", metric},
                   {"stream", stream},
                   {"layers", layers},
                   {"items", items},
                   {"values", columns}});
  }
  return all;
}

/// All patched runs at one kind of place, one behind the other. "begin": where runs of one control and layer do. Of
/// means over draws there is no donor and no answer; "changed" then tells what most of the draws did.
Json patch_columns(const ItemPatches& at, const ItemNumbers& numbers, bool are_means) {
  Json json = name_of(at.of);
  json.update({{"direction", at.key.direction},
               {"site", at.key.site},
               {"position", at.key.position},
               {"head", at.key.head},
               {"window", at.key.window}});
  std::vector<int> items, draws, donors, chosen;
  std::string changed;
  Json groups = Json::array(), margins = Json::array();
  for (const ItemPatchGroup& group : at.groups) {
    groups.push_back({{"control", group.control}, {"layer", group.layer}, {"begin", items.size()}});
    for (const ItemPatch& patch : group.patches) {
      items.push_back(numbers.of(at.of.task, *patch.item));
      margins.push_back(with_decimals(patch.margin, kMarginDecimals));
      changed += 2 * patch.changed > patch.draws ? '1' : '0';
      draws.push_back(are_means ? static_cast<int>(patch.draws) : patch.draw);
      if (are_means) continue;
      donors.push_back(numbers.of(at.of.task, *patch.donor));
      chosen.push_back(patch.chosen);
    }
  }
  json.update({{"groups", groups}, {"items", items}, {"draws", draws}});
  if (!are_means) json.update({{"donors", donors}, {"chosen", chosen}});
  json.update({{"margins", margins}, {"changed", changed}});
  return json;
}

}  // namespace

Json item_columns(const Store& store) {
  const ItemNumbers numbers(store.items(), store.scores());
  const ItemResults results = item_results(store);
  Json json = {{"tasks", numbers.tasks(store.texts())}, {"answers", Json::array()}};
  for (const LanguageItems& language : results.languages)
    json["answers"].push_back(answers_of_language(language, numbers));
  json["alignment"] = alignment_columns(store.alignment(), numbers);
  json["detail"] = to_string(results.detail);
  json["patches"] = Json::array();
  for (const ItemPatches& at : results.patches)
    json["patches"].push_back(patch_columns(at, numbers, results.detail != PatchDetail::draws));
  return json;
}

}  // namespace tertium
