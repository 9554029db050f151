#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tertium/analysis/observations.h"
#include "tertium/analysis/results.h"
#include "tertium/stats/bootstrap.h"
#include "tertium/store/store.h"

namespace tertium {

// Alignment that was measured again with the model changed at a block: against the clean one, over the stream indices
// that the change can reach.

/// Gathers stored rows by place.
class AlignmentChanges {
 public:
  explicit AlignmentChanges(const std::vector<AlignmentRow>& clean);

  /// One layer of an item under one draw; what lies behind the final norm, or has no clean counterpart, does not count.
  /// `Row`: one of the store's.
  template <class Row>
  void add(std::size_t place, const std::string& draw, const Row& row) {
    if (row.stream == "resid") add(place, draw, row.task, row.language, row.item, row.metric, row.at, row.value);
  }
  /// Into the observations at those places.
  template <class Observations>
  void put_into(std::vector<Observations>& all) const {
    for (const auto& [of, draw] : draws_) add_draw(all[std::get<0>(of)].aligned, of, draw);
  }

 private:
  using OfDraw = std::tuple<std::size_t, std::string, std::string, std::string>;  // place, metric, item, draw

  void add(std::size_t place, const std::string& draw, const std::string& task, const std::string& language,
           const std::string& item, const std::string& metric, int layer, double value);
  static void add_draw(std::map<std::string, std::map<std::string, ChangedAlignment>>& aligned, const OfDraw& of,
                       const ChangedAlignment& draw);

  std::map<std::tuple<std::string, std::string, std::string, int>, std::map<std::string, double>> clean_;
  std::map<OfDraw, ChangedAlignment> draws_;  // means over layers
};

/// Of one metric: the change from the clean run, and where `main` is given its change less this one. The units of items
/// are the language's.
AlignmentEffect change_of(const std::map<std::string, ChangedAlignment>& aligned,
                          const std::map<std::string, ChangedAlignment>* main, const LanguageObservations& language,
                          Bootstrap& bootstrap);

}  // namespace tertium
