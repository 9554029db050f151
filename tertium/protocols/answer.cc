#include "tertium/protocols/answer.h"

#include <algorithm>
#include <limits>

namespace tertium {

std::size_t best_option(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

double margin(const std::vector<double>& scores, std::size_t gold) {
  double best_other = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < scores.size(); ++k)
    if (k != gold) best_other = std::max(best_other, scores[k]);
  return scores[gold] - best_other;
}

}  // namespace tertium
