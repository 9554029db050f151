#include "tertium/experiment/told_scores.h"

#include <cmath>
#include <cstring>

#include "tertium/base/error.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/units.h"

namespace tertium {
namespace {

// Before an item's scores.
constexpr char kScored = '+', kLacking = '-';

}  // namespace

void TellScores::keep(std::size_t item, const std::vector<double>& scores) { kept_[item] = scores; }

std::string TellScores::take(const Work& work) {
  std::string told;
  for (std::size_t item = work.first; item < work.first + work.count; ++item) {
    const auto found = kept_.find(item);
    told += found == kept_.end() ? kLacking : kScored;
    if (found == kept_.end()) continue;
    const std::vector<double>& scores = found->second;
    told.append(reinterpret_cast<const char*>(scores.data()), scores.size() * sizeof(double));
    kept_.erase(found);
  }
  return told;
}

std::vector<std::vector<double>> TellScores::read(const Work& work, const std::string& told) const {
  std::vector<std::vector<double>> all;
  std::size_t at = 0;
  const auto refuse = [&] {
    fail("{}: another worker tells scores of other items than these; do all workers run the same tertium?",
         language_.language);
  };
  for (std::size_t item = work.first; item < work.first + work.count; ++item) {
    if (at == told.size() || (told[at] != kScored && told[at] != kLacking)) refuse();
    std::vector<double>& scores = all.emplace_back();
    if (told[at++] == kLacking) continue;
    scores.resize(language_.questions[item].options.size());
    if (told.size() - at < scores.size() * sizeof(double)) refuse();
    std::memcpy(scores.data(), told.data() + at, scores.size() * sizeof(double));
    at += scores.size() * sizeof(double);
    for (const double score : scores)
      if (!std::isfinite(score)) refuse();
  }
  if (at != told.size()) refuse();
  return all;
}

}  // namespace tertium
