#include "tertium/patching/activations.h"

#include <stdexcept>

#include "tertium/model/config.h"

namespace tertium {
namespace {

struct Rows {
  int first;
  int count;
};

/// Ascending rows as stretches of neighbours.
std::vector<Rows> stretches(const std::vector<int>& rows) {
  std::vector<Rows> all;
  for (const int row : rows) {
    if (all.empty() || all.back().first + all.back().count != row) all.push_back({row, 0});
    ++all.back().count;
  }
  return all;
}

}  // namespace

std::vector<Recording> Kept::recordings(int strand) const {
  std::vector<Recording> all;
  for (const Rows& stretch : stretches(rows))
    for (const Quantity quantity : quantities) all.push_back({strand, stretch.first, stretch.count, quantity});
  return all;
}

std::size_t Kept::size(const Config& config) const {
  std::size_t numbers = 0;
  for (const Quantity quantity : quantities)
    numbers += rows.size() * layers_of(config, quantity) * width_of(config, quantity);
  return numbers * sizeof(float);
}

Activations::Activations(const Config& config, const Kept& kept, std::span<std::vector<float>> recorded)
    : quantities_(kept.quantities), head_dim_(config.head_dim) {
  for (const Quantity quantity : kept.quantities) widths_[quantity] = width_of(config, quantity);
  auto next = recorded.begin();
  for (const auto& [first, count] : stretches(kept.rows)) {
    Neighbours& rows = kept_.emplace_back(Neighbours{first, count, {}});
    for (const Quantity quantity : kept.quantities) rows.values[quantity] = std::move(*next++);
  }
}

Activations Activations::from_numbers(const Config& config, const Kept& kept, std::span<const float> numbers) {
  if (numbers.size_bytes() != kept.size(config)) throw std::logic_error("activations of another run");
  std::vector<std::vector<float>> recorded;
  for (const Recording& recording : kept.recordings(0)) {
    const std::size_t count = static_cast<std::size_t>(recording.rows) * layers_of(config, recording.quantity) *
                              width_of(config, recording.quantity);
    recorded.emplace_back(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(count));
    numbers = numbers.subspan(count);
  }
  return {config, kept, recorded};
}

std::vector<float> Activations::numbers() const {
  std::vector<float> all;
  for (const Neighbours& rows : kept_)
    for (const Quantity quantity : quantities_) {
      const std::vector<float>& values = rows.values.at(quantity);
      all.insert(all.end(), values.begin(), values.end());
    }
  return all;
}

std::span<const float> Activations::of(Quantity quantity, int layer, int row) const {
  for (const Neighbours& rows : kept_) {
    if (row < rows.first_row || row >= rows.first_row + rows.rows) continue;
    const auto found = rows.values.find(quantity);
    if (found == rows.values.end()) break;
    const std::size_t width = widths_.at(quantity);
    const std::size_t place = static_cast<std::size_t>(layer) * rows.rows + row - rows.first_row;
    return std::span(found->second).subspan(place * width, width);
  }
  throw std::logic_error("activations that were not kept");
}

std::span<const float> Activations::at(Site site, int row) const {
  const std::span<const float> all = of(quantity_of(site.kind), canonical(site).block, row);
  return site.head == Site::kNoHead ? all : all.subspan(static_cast<std::size_t>(site.head) * head_dim_, head_dim_);
}

}  // namespace tertium
