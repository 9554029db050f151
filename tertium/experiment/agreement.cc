#include "tertium/experiment/agreement.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "tertium/experiment/answers.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

/// What was asked in several orders of its options. Scores are stored in the items' own order.
struct AskedInOrders {
  std::string task, language, protocol;
  std::vector<std::string> orders;                               // as first stored
  std::map<std::string, std::map<std::string, Answer>> by_item;  // item → order
};

/// "letters:QZ:10" → "letters:QZ" and "10"; no order where it names none. No symbol is a colon.
std::pair<std::string, std::string> split_order(const std::string& protocol) {
  const std::size_t last = protocol.rfind(':');
  if (last == protocol.find(':')) return {protocol, ""};
  return {protocol.substr(0, last), protocol.substr(last + 1)};
}

std::vector<AskedInOrders> asked_in_orders(const std::vector<ScoreRow>& scores) {
  std::vector<AskedInOrders> all;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> places;
  for (const ScoreRow& row : scores) {
    const auto [protocol, order] = split_order(row.protocol);
    if (order.empty()) continue;
    const auto [place, is_new] = places.insert({{row.task, row.language, protocol}, all.size()});
    if (is_new) all.push_back({row.task, row.language, protocol, {}, {}});
    AskedInOrders& asked = all[place->second];
    if (std::ranges::find(asked.orders, order) == asked.orders.end()) asked.orders.push_back(order);
    add_score(asked.by_item[row.item][order], row);
  }
  std::erase_if(all, [](const AskedInOrders& asked) { return asked.orders.size() < 2; });
  return all;
}

Agreement agreement_of(const AskedInOrders& asked) {
  Agreement found{.task = asked.task, .language = asked.language, .protocol = asked.protocol};
  std::map<std::string, std::size_t> right;
  std::size_t agreeing = 0, always_right = 0;
  for (const auto& [item, answers] : asked.by_item) {
    std::set<std::size_t> chosen;
    for (const auto& [order, answer] : answers) {
      chosen.insert(answer.chosen());
      right[order] += answer.right();
    }
    agreeing += chosen.size() == 1;
    always_right += chosen == std::set{answers.begin()->second.gold};
  }
  const std::size_t items = asked.by_item.size();
  for (const std::string& order : asked.orders) {
    found.accuracy.emplace_back(order, wilson(right[order], items));
    found.mean += found.accuracy.back().second.value / static_cast<double>(asked.orders.size());
  }
  found.agreeing = wilson(agreeing, items);
  found.always_right = wilson(always_right, items);
  return found;
}

}  // namespace

std::vector<Agreement> agreements(const std::vector<ScoreRow>& scores) {
  std::vector<Agreement> found;
  for (const AskedInOrders& asked : asked_in_orders(scores)) found.push_back(agreement_of(asked));
  return found;
}

}  // namespace tertium
