#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

namespace tertium {

/// How n-grams of a hypothesis meet those of a reference: how many each has, and how many they share, where one that
/// stands there twice can meet two.
struct NgramMatches {
  std::int64_t hypothesis = 0, reference = 0, shared = 0;
};

/// `Units` is a sequence of comparable units: a text's characters, or its words.
template <class Units>
NgramMatches match_ngrams(const Units& hypothesis, const Units& reference, std::size_t order) {
  using Unit = typename Units::value_type;
  const auto less = [](std::span<const Unit> a, std::span<const Unit> b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  };
  const auto count = [&](const Units& units) {
    std::map<std::span<const Unit>, std::int64_t, decltype(less)> counts(less);
    for (std::size_t first = 0; first + order <= units.size(); ++first)
      ++counts[std::span<const Unit>(units.data() + first, order)];
    return counts;
  };
  const auto of_hypothesis = count(hypothesis), of_reference = count(reference);
  NgramMatches matches;
  for (const auto& [ngram, times] : of_reference) matches.reference += times;
  for (const auto& [ngram, times] : of_hypothesis) {
    matches.hypothesis += times;
    if (const auto found = of_reference.find(ngram); found != of_reference.end())
      matches.shared += std::min(times, found->second);
  }
  return matches;
}

}  // namespace tertium
