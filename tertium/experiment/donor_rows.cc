#include "tertium/experiment/donor_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tertium/engine/engine.h"

namespace tertium {
namespace {

/// The strands of an item by what they say: the context, each option (-1 where it has none), then each text whose
/// states are recorded behind the strand that it hangs on, unless that is the context.
std::vector<int> roles(const ItemJob& item) {
  std::vector<int> strands = {item.asked.context};
  strands.insert(strands.end(), item.asked.options.begin(), item.asked.options.end());
  for (std::size_t t = 0; t < item.texts.size(); ++t) {
    const int text = item.job.recordings[2 * t].strand;
    const auto& prefix = item.job.strands[text].prefix;
    strands.push_back(prefix ? prefix->strand : item.asked.context);
    strands.push_back(text);
  }
  return strands;
}

}  // namespace

DonorRows::DonorRows(const Engine& engine, const ItemJob& donor, const ItemJob& recipient,
                     std::vector<Quantity> quantities) {
  Job job{.name = donor.job.name, .strands = donor.job.strands};
  std::vector<Kept> kept;
  for (std::size_t s = 0; s < job.strands.size(); ++s) {
    std::vector<int> rows(static_cast<std::size_t>(job.strands[s].rows()));
    std::iota(rows.begin(), rows.end(), 0);
    kept.push_back({quantities, std::move(rows)});
    for (const Recording& one : kept.back().recordings(static_cast<int>(s))) job.recordings.push_back(one);
  }
  JobResult result = engine.run(job);
  std::span<std::vector<float>> recorded(result.recordings);
  for (std::size_t s = 0; s < job.strands.size(); ++s) {
    const std::size_t own = quantities.size();
    donor_.emplace(static_cast<int>(s),
                   Rows{job.strands[s].rows(), Activations(engine.model().config(), kept[s], recorded.first(own))});
    recorded = recorded.subspan(own);
  }
  const std::vector<int> into = roles(recipient), from = roles(donor);
  for (std::size_t r = 0; r < into.size(); ++r)
    if (into[r] >= 0)
      counterpart_.try_emplace(into[r], r < from.size() && from[r] >= 0 ? from[r] : donor.asked.context);
  for (const Strand& strand : recipient.job.strands) rows_.push_back(strand.rows());
}

std::span<const float> DonorRows::at(Site site, int strand, int row) const {
  const Rows& from = donor_.at(counterpart_.at(strand));
  const int rows = rows_[strand];
  const double share = rows == 1 ? 1 : static_cast<double>(row) / (rows - 1);
  return from.values.at(site, static_cast<int>(std::lround(share * (from.count - 1))));
}

}  // namespace tertium
