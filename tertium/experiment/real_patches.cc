#include "tertium/experiment/real_patches.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "tertium/protocols/asking.h"

namespace tertium {
namespace {

constexpr Quantity kInsideBlocks[] = {Quantity::z, Quantity::attn_out, Quantity::resid_mid, Quantity::mlp_out};

/// Which recording holds a site, and at which of its layers.
std::pair<Quantity, int> recorded_as(Site site) {
  switch (site.kind) {
    case SiteKind::z:
      return {Quantity::z, site.block};
    case SiteKind::attn_out:
      return {Quantity::attn_out, site.block};
    case SiteKind::resid_mid:
      return {Quantity::resid_mid, site.block};
    case SiteKind::mlp_out:
      return {Quantity::mlp_out, site.block};
    case SiteKind::resid_pre:
      return {Quantity::resid, site.block};
    case SiteKind::resid_post:
      return {Quantity::resid, site.block + 1};
  }
  return {};
}

/// Everything that a clean run of a context shows.
class CleanRun {
 public:
  CleanRun(const Engine& engine, const Question& question)
      : config_(engine.model().config()), rows_(question.context.size()) {
    Job job{.name = question.name, .strands = {{.tokens = question.context}}};
    std::vector<Quantity> quantities = {Quantity::resid};
    for (const Quantity quantity : kInsideBlocks)
      if (quantity != Quantity::resid_mid || !config_.parallel) quantities.push_back(quantity);
    for (const Quantity quantity : quantities) job.recordings.push_back({0, 0, static_cast<int>(rows_), quantity});
    JobResult result = engine.run(job);
    for (std::size_t i = 0; i < quantities.size(); ++i) recorded_[quantities[i]] = std::move(result.recordings[i]);
  }

  /// [width of the site]
  std::span<const float> at(Site site, int row) const {
    const auto [quantity, layer] = recorded_as(site);
    const std::size_t width = site_width(config_, {site.kind, site.block}), taken = site_width(config_, site),
                      first = site.head == Site::kNoHead ? 0 : site.head * taken;
    return std::span(recorded_.at(quantity)).subspan((layer * rows_ + row) * width + first, taken);
  }

 private:
  const Config& config_;
  std::size_t rows_;
  std::map<Quantity, std::vector<float>> recorded_;  // [layers, rows, width]
};

const RowMatch* match_named(std::span<const RowMatch> matches, const std::string& position) {
  const auto found =
      std::find_if(matches.begin(), matches.end(), [&](const RowMatch& match) { return match.position == position; });
  return found == matches.end() ? nullptr : &*found;
}

/// Gold less best other.
double margin(const std::vector<double>& scores, std::size_t gold) {
  double best_other = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < scores.size(); ++k)
    if (k != gold) best_other = std::max(best_other, scores[k]);
  return scores[gold] - best_other;
}

/// Adds the recipient's run with the donor's activations at a place.
AskedStrands ask_patched(Job& job, const Question& recipient, const AskedStrands& clean, Site site,
                         const RowMatch& match, const CleanRun& donor, int blocks) {
  const int first_row = match.recipient.front(), joining = site.block + (site.kind == SiteKind::resid_post);
  const AskedStrands asked = ask_branched(job, recipient, clean, first_row, joining, blocks);
  for (std::size_t i = 0; i < match.recipient.size(); ++i)
    job.edits.push_back({asked.context, match.recipient[i] - first_row, site, donor.at(site, match.donor[i])});
  return asked;
}

}  // namespace

std::vector<double> real_changes(const Engine& engine, const Question& recipient, std::size_t gold,
                                 const Question& donor, std::span<const RowMatch> matches,
                                 std::span<const PatchPlace> places) {
  const CleanRun donated(engine, donor);
  Job job{.name = recipient.name};
  const AskedStrands clean = ask(job, recipient, /*whole_options=*/false);
  std::vector<std::optional<AskedStrands>> patched;
  for (const PatchPlace& place : places) {
    const RowMatch* match = match_named(matches, place.position);
    patched.push_back(match ? std::optional(ask_patched(job, recipient, clean, place.site, *match, donated,
                                                        engine.model().config().block_count()))
                            : std::nullopt);
  }
  const JobResult result = engine.run(job);
  const auto margin_of = [&](const AskedStrands& asked) {
    return margin(option_scores(recipient, asked, result), gold);
  };
  std::vector<double> changes;
  for (const std::optional<AskedStrands>& asked : patched)
    changes.push_back(asked ? margin_of(*asked) - margin_of(clean) : std::numeric_limits<double>::quiet_NaN());
  return changes;
}

}  // namespace tertium
