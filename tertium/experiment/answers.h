#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace tertium {

struct ScoreRow;  // store/store.h

/// One item's answer in one language, from its stored scores.
struct Answer {
  std::vector<double> scores;  // [n_options]
  std::size_t gold = 0;
  bool right() const;
  std::size_t chosen() const;  // the option
};

using Answers = std::map<std::string, Answer>;  // by item

/// Takes one option's score into its item's answer. An option without a row stays at minus infinity.
void add_score(Answer& answer, const ScoreRow& row);

}  // namespace tertium
