#pragma once

#include <cstddef>
#include <vector>

namespace tertium {

/// The option with the highest score, the first on ties.
std::size_t best_option(const std::vector<double>& scores);

/// Gold's score less the best other's; infinite where there is no other. `gold` must be one of them.
double margin(const std::vector<double>& scores, std::size_t gold);

/// One item's answer.
struct Answer {
  std::vector<double> scores;  // [n_options], the item's own
  std::size_t gold = 0;

  std::size_t chosen() const { return best_option(scores); }
  bool right() const { return chosen() == gold; }
  double margin() const { return tertium::margin(scores, gold); }
};

}  // namespace tertium
