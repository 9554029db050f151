#include "tertium/analysis/item_counts.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tertium {

DrawCounts& ItemCounts::operator[](const std::string& item) {
  const auto place = std::ranges::lower_bound(std::as_const(*names_), item);
  const auto index = place - names_->cbegin();
  if (place == names_->cend() || *place != item) {
    if (names_.use_count() > 1) names_ = std::make_shared<ItemNames>(*names_);  // others share them
    names_->insert(names_->begin() + index, item);
    counts_.insert(counts_.begin() + index, DrawCounts());
  }
  return counts_[static_cast<std::size_t>(index)];
}

const DrawCounts* ItemCounts::find(const std::string& item) const {
  const auto place = std::ranges::lower_bound(*names_, item);
  if (place == names_->end() || *place != item) return nullptr;
  const DrawCounts& counts = counts_[static_cast<std::size_t>(place - names_->begin())];
  return counts.draws > 0 ? &counts : nullptr;
}

const DrawCounts& ItemCounts::at(const std::string& item) const {
  const DrawCounts* counts = find(item);
  if (!counts) throw std::out_of_range("no draw of item " + item);
  return *counts;
}

std::size_t ItemCounts::size() const {
  return static_cast<std::size_t>(std::ranges::count_if(counts_, [](const DrawCounts& one) { return one.draws > 0; }));
}

void ItemCounts::keep(const std::function<bool(const std::string&)>& is_wanted) {
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (counts_[i].draws > 0 && !is_wanted((*names_)[i])) counts_[i] = {};
}

}  // namespace tertium
