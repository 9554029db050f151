#include "tertium/experiment/real_patches.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "tertium/engine/engine.h"
#include "tertium/experiment/patch.h"
#include "tertium/model/config.h"
#include "tertium/patching/activations.h"
#include "tertium/patching/sweep.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"

namespace tertium {
namespace {

/// The donor's rows that are taken, with everything that places may ask of them.
Kept kept_of(const PatchedItem& item, std::span<const PatchPlace> places) {
  std::set<Quantity> quantities;
  std::set<int> rows;
  for (const PatchPlace& place : places) quantities.insert(quantity_of(place.site.kind));
  for (const RowMatch& match : item.matches) rows.insert(match.donor.begin(), match.donor.end());
  return {{quantities.begin(), quantities.end()}, {rows.begin(), rows.end()}};
}

std::vector<Activations> run_donors(const Engine& engine, std::span<const PatchedItem> items,
                                    std::span<const PatchPlace> places) {
  std::vector<Kept> kept;
  std::vector<Job> jobs;
  for (const PatchedItem& item : items) {
    kept.push_back(kept_of(item, places));
    jobs.push_back({.name = item.donor->name,
                    .strands = {{.tokens = item.donor->context}},
                    .recordings = kept.back().recordings(0)});
  }
  std::vector<Activations> donors(items.size());
  engine.run(jobs, [&](std::size_t i, JobResult result) {
    donors[i] = Activations(engine.model().config(), kept[i], result.recordings);
  });
  return donors;
}

/// The donor's rows at the place into the recipient's; nothing if the item lacks the position.
std::optional<Patch> patch_at(const PatchPlace& place, const PatchedItem& item, const Activations& donor) {
  const auto match = std::find_if(item.matches.begin(), item.matches.end(),
                                  [&](const RowMatch& one) { return one.position == place.position; });
  if (match == item.matches.end()) return std::nullopt;
  Patch patch;
  for (std::size_t i = 0; i < match->recipient.size(); ++i)
    patch.values.push_back({match->recipient[i], place.site, donor.at(place.site, match->donor[i])});
  return patch;
}

/// The change of the margin by each patched run of a sweep, in order.
std::vector<double> changes(const PatchedItem& item, const Sweep& sweep, const JobResult& result) {
  const auto margin_of = [&](const AskedStrands& asked) {
    return margin(compared(*item.recipient, option_scores(*item.recipient, asked, result)), item.gold);
  };
  const double clean = margin_of({.context = 0, .first_reading = 0});  // the run that the others hang on comes first
  std::vector<double> changes;
  for (const AskedStrands& asked : sweep.asked) changes.push_back(margin_of(asked) - clean);
  return changes;
}

}  // namespace

std::vector<std::vector<double>> real_changes(const Engine& engine, std::span<const PatchedItem> items,
                                              std::span<const PatchPlace> places,
                                              const std::function<void(std::size_t)>& progress) {
  const std::vector<Activations> donors = run_donors(engine, items, places);
  std::vector<Sweep> sweeps;
  std::vector<std::size_t> item_of;                             // [sweeps]
  std::vector<std::vector<std::size_t>> patched(items.size());  // the places that an item has
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::vector<Patch> patches;
    for (std::size_t p = 0; p < places.size(); ++p)
      if (const std::optional<Patch> patch = patch_at(places[p], items[i], donors[i])) {
        patches.push_back(*patch);
        patched[i].push_back(p);
      }
    for (Sweep& sweep : make_sweeps(*items[i].recipient, patches, engine.model().config().block_count(),
                                    most_rows(*items[i].recipient))) {
      sweeps.push_back(std::move(sweep));
      item_of.push_back(i);
    }
  }

  std::vector<Job> jobs;
  for (Sweep& sweep : sweeps) jobs.push_back(std::move(sweep.job));
  std::vector<std::vector<double>> all(items.size(),
                                       std::vector<double>(places.size(), std::numeric_limits<double>::quiet_NaN()));
  std::vector<std::size_t> filled(items.size());  // of `patched`
  engine.run(
      jobs,
      [&](std::size_t s, const JobResult& result) {
        const std::size_t i = item_of[s];
        for (const double change : changes(items[i], sweeps[s], result)) all[i][patched[i][filled[i]++]] = change;
      },
      [&](std::size_t done) {
        if (progress) progress(done < jobs.size() ? item_of[done] : items.size());
      });
  return all;
}

}  // namespace tertium
