#include "tertium/experiment/real_patches.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "tertium/protocols/asking.h"

namespace tertium {
namespace {

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

/// What a donor gives: everything that a clean run of its context shows, from the first row that is taken to the last.
class Donor {
 public:
  Donor(const Config& config, const PatchedItem& item) : config_(config) {
    int last_row = 0;
    first_row_ = item.donor->last_row();
    for (const RowMatch& match : item.matches) {
      first_row_ = std::min(first_row_, match.donor.front());
      last_row = std::max(last_row, match.donor.back());
    }
    rows_ = last_row - first_row_ + 1;
    quantities_ = {Quantity::resid, Quantity::z, Quantity::attn_out, Quantity::mlp_out};
    if (!config.parallel) quantities_.push_back(Quantity::resid_mid);
  }

  Job job(const Question& question) const {
    Job job{.name = question.name, .strands = {{.tokens = question.context}}};
    for (const Quantity quantity : quantities_) job.recordings.push_back({0, first_row_, rows_, quantity});
    return job;
  }

  void take(JobResult result) {
    for (std::size_t i = 0; i < quantities_.size(); ++i) recorded_[quantities_[i]] = std::move(result.recordings[i]);
  }

  /// [width of the site]
  std::span<const float> at(Site site, int row) const {
    const auto [quantity, layer] = recorded_as(site);
    const std::size_t width = site_width(config_, {site.kind, site.block}), taken = site_width(config_, site),
                      first = site.head == Site::kNoHead ? 0 : site.head * taken;
    return std::span(recorded_.at(quantity)).subspan((layer * rows_ + row - first_row_) * width + first, taken);
  }

 private:
  const Config& config_;
  int first_row_, rows_;
  std::vector<Quantity> quantities_;
  std::map<Quantity, std::vector<float>> recorded_;  // [layers, rows, width]
};

std::vector<Donor> run_donors(const Engine& engine, std::span<const PatchedItem> items) {
  std::vector<Donor> donors;
  std::vector<Job> jobs;
  for (const PatchedItem& item : items) {
    donors.emplace_back(engine.model().config(), item);
    jobs.push_back(donors.back().job(*item.donor));
  }
  engine.run(jobs, [&](std::size_t i, JobResult result) { donors[i].take(std::move(result)); });
  return donors;
}

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

/// An item's clean run and the patched ones that hang on it.
struct PatchedRuns {
  Job job;
  AskedStrands clean;
  std::vector<std::optional<AskedStrands>> patched;  // [places]; none where the item lacks the position
};

/// Adds the recipient's run with the donor's activations at a place.
AskedStrands ask_patched(PatchedRuns& runs, const Question& recipient, Site site, const RowMatch& match,
                         const Donor& donor, int blocks) {
  const int first_row = match.recipient.front(), joining = site.block + (site.kind == SiteKind::resid_post);
  const AskedStrands asked = ask_branched(runs.job, recipient, runs.clean, first_row, joining, blocks);
  for (std::size_t i = 0; i < match.recipient.size(); ++i)
    runs.job.edits.push_back({asked.context, match.recipient[i] - first_row, site, donor.at(site, match.donor[i])});
  return asked;
}

PatchedRuns patched_runs(const PatchedItem& item, const Donor& donor, std::span<const PatchPlace> places, int blocks) {
  PatchedRuns runs{.job = {.name = item.recipient->name}};
  runs.clean = ask(runs.job, *item.recipient, /*whole_options=*/false);
  for (const PatchPlace& place : places) {
    std::optional<AskedStrands>& asked = runs.patched.emplace_back();
    if (const RowMatch* match = match_named(item.matches, place.position))
      asked = ask_patched(runs, *item.recipient, place.site, *match, donor, blocks);
  }
  return runs;
}

/// [places]
std::vector<double> changes(const PatchedItem& item, const PatchedRuns& runs, const JobResult& result) {
  const auto margin_of = [&](const AskedStrands& asked) {
    return margin(option_scores(*item.recipient, asked, result), item.gold);
  };
  std::vector<double> changes;
  for (const std::optional<AskedStrands>& asked : runs.patched)
    changes.push_back(asked ? margin_of(*asked) - margin_of(runs.clean) : std::numeric_limits<double>::quiet_NaN());
  return changes;
}

}  // namespace

std::vector<std::vector<double>> real_changes(const Engine& engine, std::span<const PatchedItem> items,
                                              std::span<const PatchPlace> places,
                                              const std::function<void(std::size_t)>& progress) {
  const std::vector<Donor> donors = run_donors(engine, items);
  std::vector<PatchedRuns> runs;
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < items.size(); ++i) {
    runs.push_back(patched_runs(items[i], donors[i], places, engine.model().config().block_count()));
    jobs.push_back(std::move(runs.back().job));
  }
  std::vector<std::vector<double>> all(items.size());
  engine.run(
      jobs, [&](std::size_t i, const JobResult& result) { all[i] = changes(items[i], runs[i], result); }, progress);
  return all;
}

}  // namespace tertium
