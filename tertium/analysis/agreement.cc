#include "tertium/analysis/agreement.h"

#include <algorithm>
#include <map>
#include <set>

#include "tertium/analysis/answers.h"
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

std::vector<AskedInOrders> asked_in_orders(const std::vector<LanguageAnswers>& answers) {
  std::vector<AskedInOrders> all;
  for (const LanguageAnswers& of : answers) {
    const auto [protocol, order] = split_order(of.protocol);
    if (order.empty()) continue;
    auto found = std::ranges::find_if(all, [&, &asked = protocol](const AskedInOrders& one) {
      return one.task == of.task && one.language == of.language && one.protocol == asked;
    });
    if (found == all.end()) found = all.insert(all.end(), {of.task, of.language, protocol, {}, {}});
    found->orders.push_back(order);
    for (const auto& [item, answer] : of.answers) found->by_item[item].emplace(order, answer);
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
  for (const AskedInOrders& asked : asked_in_orders(answers_of(scores))) found.push_back(agreement_of(asked));
  return found;
}

}  // namespace tertium
