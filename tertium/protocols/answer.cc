#include "tertium/protocols/answer.h"

#include <algorithm>
#include <limits>

#include "tertium/base/text.h"

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

TextLength length_of(std::string_view option) {
  if (option.starts_with(' ')) option.remove_prefix(1);
  return {std::max(1, static_cast<int>(code_points(option))), std::max(1, static_cast<int>(option.size()))};
}

std::vector<double> compared(std::vector<double> scores, const std::vector<TextLength>& lengths, ScoreRule rule) {
  for (std::size_t k = 0; k < std::min(scores.size(), lengths.size()); ++k) scores[k] /= lengths[k].by(rule);
  return scores;
}

}  // namespace tertium
