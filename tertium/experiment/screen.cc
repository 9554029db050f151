#include "tertium/experiment/screen.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/real_patches.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/patching/place.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"

namespace tertium {
namespace {

/// Left out unless asked for: a patch of all rows makes the text another one, and would fill the top.
constexpr std::string_view kAllRows = "all";

std::vector<RowMatch> matches_of(const Question& recipient, const Question& donor,
                                 const std::vector<std::string>& wanted) {
  std::vector<RowMatch> matches;
  for (const auto& [position, rows] : recipient.positions) {
    const bool chosen = wanted.empty() ? position != kAllRows : std::count(wanted.begin(), wanted.end(), position) > 0;
    if (!chosen) continue;
    if (const auto donated = matched_rows(position, donor.positions, recipient.positions))
      matches.push_back({position, rows, *donated});
  }
  return matches;
}

/// The indices of items that are right in the pivot and wrong here.
std::vector<std::size_t> transfer_failures(const Engine& engine, const PreparedTask& task,
                                           const PreparedLanguage& language, const Progress& progress) {
  const auto score = [&](const PreparedLanguage& asked) {
    const std::string stage = fmt::format("{} {}: scoring", task.spec.name, asked.language);
    return run_items(engine, asked, {},
                     [&](std::size_t i, const ItemRun&) { progress(stage, i + 1, asked.items.size()); });
  };
  const std::vector<ItemRun> pivot = score(task.pivot), other = score(language);
  std::vector<std::size_t> failures;
  for (std::size_t i = 0; i < language.items.size(); ++i) {
    if (task.pivot.questions[i].identical_options || language.questions[i].identical_options) continue;
    const std::size_t gold = language.items[i].gold;
    const bool pivot_right = best_option(compared(task.pivot.questions[i], pivot[i].scores)) == gold;
    if (pivot_right && best_option(compared(language.questions[i], other[i].scores)) != gold) failures.push_back(i);
  }
  return failures;
}

/// Sums of attributions over items, by place.
class Estimates {
 public:
  void add(const Attribution& attribution) {
    for (const auto& [place, estimate] : attribution.estimates) {
      ScreenedPlace& screened = places_[place];
      screened.place = place;
      ++screened.items;
      screened.estimated += estimate;
    }
  }

  /// Means, the largest first.
  std::vector<ScreenedPlace> ranked() const {
    std::vector<ScreenedPlace> all;
    for (const auto& [place, screened] : places_) {
      all.push_back(screened);
      all.back().estimated /= static_cast<double>(screened.items);
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const ScreenedPlace& a, const ScreenedPlace& b) { return a.estimated > b.estimated; });
    return all;
  }

 private:
  std::map<PatchPlace, ScreenedPlace> places_;
};

/// The places worth patching, in order, each patch once. Where nothing leads from a place to the answer its estimate is
/// 0, and where two positions of one site differ only by such rows, as in the last block, they are one patch. So are
/// resid_mid and resid_post of a block, since the MLP takes each row by itself; their estimates differ.
std::vector<ScreenedPlace> distinct(const std::vector<ScreenedPlace>& ranked) {
  constexpr double kRounding = 1e-5;
  std::map<Site, std::vector<double>> seen;
  std::vector<ScreenedPlace> places;
  for (const ScreenedPlace& screened : ranked) {
    std::vector<double>& estimates = seen[screened.place.site];
    const auto same = [&](double other) {
      return std::abs(other - screened.estimated) <= kRounding * std::abs(screened.estimated);
    };
    if (screened.place.site.kind == SiteKind::resid_mid || screened.estimated == 0 ||
        std::any_of(estimates.begin(), estimates.end(), same))
      continue;
    estimates.push_back(screened.estimated);
    places.push_back(screened);
  }
  return places;
}

/// As many of the places behind the first `top`, by the smallest hash of seed and name; in their order.
std::vector<ScreenedPlace> drawn_others(const std::vector<ScreenedPlace>& places, std::size_t top, std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, std::size_t>> lots;
  for (std::size_t i = top; i < places.size(); ++i)
    lots.emplace_back(stable_hash(seed, {to_string(places[i].place.site), places[i].place.position}), i);
  std::sort(lots.begin(), lots.end());
  lots.resize(std::min(top, lots.size()));
  std::sort(lots.begin(), lots.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  std::vector<ScreenedPlace> drawn;
  for (const auto& [lot, index] : lots) drawn.push_back(places[index]);
  return drawn;
}

/// The mean real change at each of some places.
std::vector<VerifiedPlace> verified(const Engine& engine, const std::vector<PatchedItem>& items,
                                    const std::vector<ScreenedPlace>& screened,
                                    const std::function<void(std::size_t)>& progress) {
  std::vector<PatchPlace> places;
  std::vector<VerifiedPlace> verified;
  for (const ScreenedPlace& one : screened) {
    places.push_back(one.place);
    verified.push_back({one});
  }
  for (const std::vector<double>& changes : real_changes(engine, items, places, progress))
    for (std::size_t p = 0; p < places.size(); ++p)
      if (!std::isnan(changes[p])) verified[p].real += changes[p] / static_cast<double>(screened[p].items);
  return verified;
}

Correlation rank_correlation(const std::vector<VerifiedPlace>& places) {
  std::vector<double> estimated, real;
  for (const VerifiedPlace& place : places) {
    estimated.push_back(place.screened.estimated);
    real.push_back(place.real);
  }
  return spearman(estimated, real);
}

/// The first failures that have a wanted position, and their indices.
struct ChosenItems {
  std::vector<PatchedItem> patched;
  std::vector<std::size_t> indices;
};

ChosenItems chosen_items(const PreparedTask& task, const PreparedLanguage& language,
                         const std::vector<std::size_t>& failures, const ScreenOptions& options) {
  ChosenItems chosen;
  for (const std::size_t i : failures) {
    if (chosen.patched.size() == options.items) break;
    const Question &recipient = language.questions[i], &donor = task.pivot.questions[i];
    std::vector<RowMatch> matches = matches_of(recipient, donor, options.positions);
    if (matches.empty()) continue;
    chosen.patched.push_back({&recipient, &donor, language.items[i].gold, std::move(matches)});
    chosen.indices.push_back(i);
  }
  return chosen;
}

}  // namespace

Screening screen(const Engine& engine, const PreparedTask& task, const PreparedLanguage& language,
                 const ScreenOptions& options, const Progress& progress) {
  const std::string name = task.spec.name + " " + language.language;
  const std::vector<std::size_t> failures = transfer_failures(engine, task, language, progress);
  if (failures.empty())
    fail("{}: no item is right in {} and wrong in {}, so there is nothing to repair; choose another language or model",
         name, task.pivot.language, language.language);
  const auto [items, indices] = chosen_items(task, language, failures, options);
  if (items.empty())
    fail("{}: no failing item has the position {} in both languages; tertium tokenize --positions shows those it has",
         name, options.positions.empty() ? "last" : join(options.positions));
  const std::size_t count = items.size();
  const auto report = [&](const char* what) {
    return [&progress, total = count, stage = fmt::format("{}: {}", name, what)](std::size_t done) {
      progress(stage, done, total);
    };
  };

  Screening screening{.transfer_failures = failures.size()};
  for (const std::size_t i : indices) screening.items.push_back(language.items[i].id);
  Estimates estimates;
  const auto attributed = report("attribution");
  for (std::size_t i = 0; i < items.size(); ++i) {
    attributed(i);
    const Attribution attribution =
        attribute(engine.model(), *items[i].recipient, items[i].gold, *items[i].donor, items[i].matches);
    estimates.add(attribution);
    screening.margin += attribution.margin / static_cast<double>(items.size());
  }
  attributed(items.size());
  screening.places = estimates.ranked();

  std::vector<ScreenedPlace> chosen = distinct(screening.places);
  const auto top = static_cast<std::ptrdiff_t>(std::min(options.top, chosen.size()));
  const std::vector<ScreenedPlace> others = drawn_others(chosen, top, options.seed);
  chosen.resize(top);
  chosen.insert(chosen.end(), others.begin(), others.end());
  const std::vector<VerifiedPlace> all = verified(engine, items, chosen, report("real patches"));
  screening.top.assign(all.begin(), all.begin() + top);
  screening.drawn.assign(all.begin() + top, all.end());
  screening.correlations = {rank_correlation(all), rank_correlation(screening.top), rank_correlation(screening.drawn)};
  return screening;
}

}  // namespace tertium
