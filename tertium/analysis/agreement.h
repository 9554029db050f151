#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tertium/stats/rates.h"

namespace tertium {

struct ScoreRow;  // store/store.h

/// How steadily a language's items are answered when their options are listed in several orders.
struct Agreement {
  std::string task, language;
  std::string protocol;                                // "letters:QZRX", without the order
  std::vector<std::pair<std::string, Rate>> accuracy;  // by order: "2031"
  double mean = 0;                                     // of those accuracies
  Rate agreeing;                                       // items answered by the same option in every order
  Rate always_right;                                   // items answered right in every order
};

/// One for each task, language and set of symbols that was asked in two orders or more, as first stored.
std::vector<Agreement> agreements(const std::vector<ScoreRow>& scores);

}  // namespace tertium
