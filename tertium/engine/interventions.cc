#include "tertium/engine/interventions.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "tertium/base/item_error.h"
#include "tertium/engine/rows_among.h"

namespace tertium {
namespace {

using at::Tensor;

/// Numbers that somebody else owns, on the CPU.
Tensor view_of(const float* values, at::IntArrayRef sizes) {
  return at::from_blob(const_cast<float*>(values), sizes, at::TensorOptions(at::kFloat));
}

/// How many numbers an operation takes at a site of that width; nothing if any number of rows will do.
std::optional<std::size_t> numbers(Operation operation, std::size_t width) {
  switch (operation) {
    case Operation::zero:
      return 0;
    case Operation::map:
      return width * width + width;
    case Operation::project:
      return std::nullopt;
    default:
      return width;
  }
}

/// Of each row, [n, 1].
Tensor norms(const Tensor& x) { return x.square().sum(1, /*keepdim=*/true).sqrt(); }

bool is_orthonormal(std::span<const float> basis, std::size_t width) {
  constexpr double kRounding = 1e-4;
  const auto count = static_cast<std::int64_t>(basis.size() / width);
  const Tensor rows = view_of(basis.data(), {count, static_cast<std::int64_t>(width)});
  return (rows.matmul(rows.t()) - at::eye(count)).abs().max().item<double>() < kRounding;
}

}  // namespace

Interventions::Interventions(const Config& config, std::span<const Job> jobs, const Layout& layout) : config_(config) {
  std::map<std::pair<const Place*, std::int64_t>, std::size_t> counts;  // interventions so far, of each row of a place
  std::map<std::pair<Kind, std::size_t>, bool> checked;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    for (const Intervention& intervention : jobs[j].interventions) {
      const auto& [strand, first, site, change, rows] = intervention;
      if (!std::isfinite(change.dose))
        fail("the dose of what changes {} is NaN or infinite; give another", to_string(site));
      const bool own = change.operation == Operation::replace;
      const Kind kind{
          site.head,   change.operation, own ? nullptr : change.values.data(), own ? 0 : change.values.size(),
          change.dose, change.renormed};
      // What many rows share is looked at once.
      if (own || checked.emplace(std::pair(kind, site_width(config, site)), true).second) check(jobs[j], intervention);
      const Site at = canonical(site);
      Place& place = places_[{at.kind, at.block}];
      for (int r = first; r < first + rows; ++r) {
        const std::int64_t row = layout.row(j, strand, r);
        const std::size_t wave = counts[{&place, row}]++;
        if (wave == place.waves.size()) place.waves.emplace_back();
        place.waves[wave][kind].push_back({row, change.values.data()});
        ++place.changes;
      }
    }
  }
  for (auto& [where, place] : places_)
    for (Wave& wave : place.waves)
      for (auto& [kind, rows] : wave) std::ranges::sort(rows, {}, &RowChange::row);
}

void Interventions::check(const Job& job, const Intervention& intervention) const {
  const auto& [values, operation, dose, renormed] = intervention.change;
  const Site site = intervention.site;
  if (site.head != Site::kNoHead && site.head >= site_heads(config_, site.kind))
    throw std::logic_error("an intervention at a head that is not there: " + to_string(site));
  const std::size_t width = site_width(config_, site);
  const std::optional<std::size_t> wanted = numbers(operation, width);
  if (wanted ? values.size() != *wanted : values.empty() || values.size() % width != 0)
    throw std::logic_error("an intervention of another width than " + to_string(site));
  if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) {
    if (operation != Operation::replace)
      fail("what changes {} is NaN or infinite; give other numbers", to_string(site));
    fail_item("{}: what is put in at {} is NaN or infinite; leave the item out", job.name, to_string(site));
  }
  if (operation == Operation::project && !is_orthonormal(values, width))
    throw std::logic_error("a projection at " + to_string(site) + " whose directions are not orthonormal");
}

/// Rows [n, width] of a site in f32 → what they become.
Tensor Interventions::changed(const Kind& kind, std::span<const RowChange> rows, const Tensor& x) const {
  const std::int64_t width = x.size(1);
  const auto given = [&](const float* values, at::IntArrayRef sizes) { return view_of(values, sizes).to(x.device()); };
  switch (kind.operation) {
    case Operation::zero:
      return at::zeros_like(x);
    case Operation::add: {
      const Tensor moved = x + given(kind.values, {width}) * kind.dose;
      return kind.renormed ? moved * (norms(x) / norms(moved)) : moved;
    }
    case Operation::project: {
      const Tensor basis = given(kind.values, {static_cast<std::int64_t>(kind.count) / width, width});
      return x - x.matmul(basis.t()).matmul(basis);
    }
    case Operation::map: {
      const Tensor matrix = given(kind.values, {width, width}), bias = given(kind.values + width * width, {width});
      return x + (at::addmm(bias, x, matrix) - x) * kind.dose;
    }
    default: {
      Tensor put = at::empty({static_cast<std::int64_t>(rows.size()), width}, at::kFloat);
      float* values = put.data_ptr<float>();
      for (const RowChange& each : rows) values = std::copy_n(each.values, width, values);
      return put;
    }
  }
}

void Interventions::apply(Site site, std::int64_t first, const Tensor& activations) {
  const auto found = places_.find({site.kind, site.block});
  if (found == places_.end()) return;
  for (const Wave& wave : found->second.waves) {
    for (const auto& [kind, all] : wave) {
      const std::span<const RowChange> rows = among(std::span(all), first, activations.size(0));
      if (rows.empty()) continue;
      const Tensor columns = kind.head == Site::kNoHead
                                 ? activations
                                 : activations.narrow(1, std::int64_t{kind.head} * config_.head_dim, config_.head_dim);
      const Tensor index = index_of(rows, first).to(activations.device());
      const Tensor x = kind.operation == Operation::replace ? columns.narrow(0, 0, 0)
                                                            : columns.index_select(0, index).to(at::kFloat);
      columns.index_copy_(0, index, changed(kind, rows, x).to(activations.options()));
      found->second.fired += rows.size();
    }
  }
}

void Interventions::demand_all_fired() const {
  for (const auto& [where, place] : places_)
    if (place.fired != place.changes)
      throw std::logic_error("an intervention did not fire: " + to_string(Site{where.first, where.second}));
}

}  // namespace tertium
