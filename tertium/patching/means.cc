#include "tertium/patching/means.h"

#include <algorithm>

namespace tertium {
namespace {

constexpr const char* kAll = "all";  // rows of any number, which stand for nothing in particular

void add(std::vector<double>& total, std::span<const float> values, double factor) {
  total.resize(values.size());
  for (std::size_t k = 0; k < values.size(); ++k) total[k] += factor * values[k];
}

}  // namespace

std::vector<double> Means::share(std::size_t item, const Key& key) const {
  const auto& [site, position, i, n] = key;
  const std::vector<int>& rows = rows_named(*runs_.positions[item], position);
  std::vector<double> share;
  if (position == kAll)
    for (const int row : rows)
      add(share, runs_.activations[item]->at(site, row), 1.0 / static_cast<double>(rows.size()));
  else if (rows.size() == n)
    add(share, runs_.activations[item]->at(site, rows[i]), 1);
  return share;
}

const Means::Sum& Means::sum(const Key& key) {
  const auto [found, is_new] = sums_.try_emplace(key);
  Sum& sum = found->second;
  if (!is_new) return sum;
  for (const std::size_t item : items_) {
    const std::vector<double> share = this->share(item, key);
    if (share.empty()) continue;
    sum.total.resize(share.size());
    for (std::size_t k = 0; k < share.size(); ++k) sum.total[k] += share[k];
    ++sum.count;
  }
  return sum;
}

std::vector<float> Means::at(Site site, const std::string& position, std::size_t i, std::size_t n,
                             std::size_t without) {
  const Key key = position == kAll ? Key{site, position, 0, 0} : Key{site, position, i, n};
  Sum left = sum(key);
  if (std::find(items_.begin(), items_.end(), without) != items_.end()) {
    const std::vector<double> own = share(without, key);
    for (std::size_t k = 0; k < own.size(); ++k) left.total[k] -= own[k];
    left.count -= !own.empty();
  }
  if (left.count == 0) return {};
  std::vector<float> mean;
  for (const double total : left.total) mean.push_back(static_cast<float>(total / static_cast<double>(left.count)));
  return mean;
}

}  // namespace tertium
