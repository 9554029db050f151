#include "tertium/tasks/item_choice.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

std::vector<Item> named(const std::vector<std::string>& ids, std::vector<Item> items, const std::string& origin) {
  std::set<std::string> wanted(ids.begin(), ids.end());
  std::erase_if(items, [&](const Item& item) { return wanted.erase(item.id) == 0; });
  if (!wanted.empty())
    fail("{}: has no item \"{}\", which task.ids names; check the id and the split", origin,
         printable(*wanted.begin()));
  return items;
}

}  // namespace

std::vector<Item> chosen(const ItemChoice& choice, std::vector<Item> items, const std::string& origin) {
  if (!choice.ids.empty()) return named(choice.ids, std::move(items), origin);
  if (choice.offset >= items.size())
    fail("{}: holds {} items, of which task.offset = {} passes over all; make it smaller", origin, items.size(),
         choice.offset);
  constexpr double kRounding = 1e-9;  // 0.1 of 30 are 3
  std::size_t count = choice.limit.value_or(items.size());
  if (choice.share)
    count = static_cast<std::size_t>(std::ceil(*choice.share * static_cast<double>(items.size()) - kRounding));
  items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(choice.offset));
  if (items.size() > count) items.erase(items.begin() + static_cast<std::ptrdiff_t>(count), items.end());
  return items;
}

}  // namespace tertium
