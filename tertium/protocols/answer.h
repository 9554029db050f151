#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "tertium/protocols/protocol.h"

namespace tertium {

/// The option with the highest score, the first on ties.
std::size_t best_option(const std::vector<double>& scores);

/// Gold's score less the best other's; infinite where there is no other. `gold` must be one of them.
double margin(const std::vector<double>& scores, std::size_t gold);

/// How long an option's text is, without the one space that joins it to the context.
struct TextLength {
  int characters = 1;  // code points
  int bytes = 1;       // of UTF-8

  /// What a score is divided by before it is compared.
  double by(ScoreRule rule) const {
    return rule == ScoreRule::sum ? 1 : rule == ScoreRule::per_character ? characters : bytes;
  }
};

/// `option` is as it is scored. An empty one counts 1.
TextLength length_of(std::string_view option);

/// Scores as they are compared. `lengths` may be empty: all are 1.
std::vector<double> compared(std::vector<double> scores, const std::vector<TextLength>& lengths, ScoreRule rule);

/// One item's answer.
struct Answer {
  std::vector<double> scores;  // [n_options], the item's own, as they are stored
  std::size_t gold = 0;
  std::vector<TextLength> lengths;  // [n_options]
  ScoreRule rule = ScoreRule::sum;  // which decides

  /// Scores of this item as its rule compares them; of a patched run, too.
  std::vector<double> compared(const std::vector<double>& scores) const {
    return tertium::compared(scores, lengths, rule);
  }
  std::size_t chosen() const { return best_option(compared(scores)); }
  bool right() const { return chosen() == gold; }
  bool right_by(ScoreRule other) const { return best_option(tertium::compared(scores, lengths, other)) == gold; }
  double margin() const { return tertium::margin(compared(scores), gold); }
};

}  // namespace tertium
