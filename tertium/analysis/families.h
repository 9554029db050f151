#pragma once

#include <functional>
#include <map>
#include <vector>

#include "tertium/stats/corrections.h"

namespace tertium {

/// Corrects the p of every family of results by itself: `family` tells which a result belongs to, `p` is read,
/// `corrected` and `size` are written.
template <class Result, class Family, class P>
void correct(std::vector<Result>& results, const Family& family, const P& p,
             std::vector<double> (*method)(std::span<const double>), double Result::*corrected,
             std::size_t Result::*size) {
  std::map<decltype(family(results.front())), std::vector<Result*>> families;
  for (Result& result : results) families[family(result)].push_back(&result);
  for (const auto& [key, members] : families) {
    std::vector<double> values;
    for (const Result* member : members) values.push_back(std::invoke(p, *member));
    const std::vector<double> adjusted = method(values);
    const std::size_t tests = family_size(values);
    for (std::size_t i = 0; i < members.size(); ++i) {
      members[i]->*corrected = adjusted[i];
      members[i]->*size = tests;
    }
  }
}

}  // namespace tertium
