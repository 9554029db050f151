#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tertium/engine/layout.h"
#include "tertium/engine/strand.h"
#include "tertium/model/config.h"

namespace tertium {

/// All interventions of a pass, by where they take place.
class Interventions {
 public:
  /// Throws an Error if a number is not finite, naming the job and the site, and std::logic_error for a width, a head
  /// or a basis that does not fit.
  Interventions(const Config& config, std::span<const Job> jobs, const Layout& layout);

  /// Changes `activations` of a site, the rows from `first` on, in place. Called by several threads, each with rows of
  /// its own.
  void apply(Site site, std::int64_t first, const at::Tensor& activations);

  bool any_at(Site site) const { return places_.contains({canonical(site).kind, canonical(site).block}); }

  /// Throws std::logic_error naming a site where one did not fire.
  void demand_all_fired() const;

 private:
  struct RowChange {
    std::int64_t row;     // packed
    const float* values;  // of `replace`
  };
  /// What one product computes together.
  struct Kind {
    int head;
    Operation operation;
    const float* values;  // null for `replace`, whose rows have their own
    std::size_t count;    // of those
    float dose;
    bool renormed;
    auto operator<=>(const Kind&) const = default;
  };
  using Wave = std::map<Kind, std::vector<RowChange>>;  // rows in order; each row once
  struct Place {
    std::vector<Wave> waves;  // the n-th interventions of each row
    std::size_t changes = 0;
    std::atomic<std::size_t> fired = 0;
  };

  void check(const Job& job, const Intervention& intervention) const;
  at::Tensor changed(const Kind& kind, std::span<const RowChange> rows, const at::Tensor& x) const;

  const Config& config_;
  std::map<std::pair<SiteKind, int>, Place> places_;  // canonical
};

}  // namespace tertium
