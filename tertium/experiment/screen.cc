#include "tertium/experiment/screen.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/experiment/real_patches.h"
#include "tertium/experiment/scoring.h"

namespace tertium {
namespace {

/// Left out unless asked for: where two texts differ in length these rows do not match, and where they do, a patch of
/// all of them is the other text.
constexpr std::string_view kAllRows = "all";

/// One item that fails in the language: what is patched, and with what.
struct Failure {
  std::size_t item;  // index
  const Question& recipient;
  const Question& donor;
  std::size_t gold;
  std::vector<RowMatch> matches;
};

std::vector<RowMatch> matches_of(const Question& recipient, const Question& donor,
                                 const std::vector<std::string>& wanted) {
  std::vector<RowMatch> matches;
  for (const auto& [position, rows] : recipient.positions) {
    const bool chosen = wanted.empty() ? position != kAllRows : std::count(wanted.begin(), wanted.end(), position) > 0;
    const auto donated = donor.positions.find(position);
    if (chosen && donated != donor.positions.end() && !rows.empty() && donated->second.size() == rows.size())
      matches.push_back({position, rows, donated->second});
  }
  return matches;
}

/// The indices of items that are right in the pivot and wrong here.
std::vector<std::size_t> transfer_failures(const Engine& engine, const PreparedTask& task,
                                           const PreparedLanguage& language, const Progress& progress) {
  const auto score = [&](const PreparedLanguage& asked) {
    const std::string stage = fmt::format("{} {}: scoring", task.spec.name, asked.language);
    return run_items(engine, asked, {}, [&](std::size_t done) { progress(stage, done, asked.items.size()); });
  };
  const std::vector<ItemRun> pivot = score(task.pivot), other = score(language);
  std::vector<std::size_t> failures;
  for (std::size_t i = 0; i < language.items.size(); ++i) {
    const std::size_t gold = language.items[i].gold;
    if (best_option(pivot[i].scores) == gold && best_option(other[i].scores) != gold) failures.push_back(i);
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

/// `count` of the places behind the first `top`, by the smallest hash of seed and name; in their order.
std::vector<std::size_t> drawn_others(const std::vector<ScreenedPlace>& places, std::size_t top, std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, std::size_t>> lots;
  for (std::size_t i = top; i < places.size(); ++i)
    lots.emplace_back(stable_hash(seed, {to_string(places[i].place.site), places[i].place.position}), i);
  std::sort(lots.begin(), lots.end());
  lots.resize(std::min(top, lots.size()));
  std::vector<std::size_t> drawn;
  for (const auto& [lot, index] : lots) drawn.push_back(index);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

/// The mean real change at each of some places.
std::vector<VerifiedPlace> verified(const Engine& engine, const std::vector<Failure>& failures,
                                    const std::vector<ScreenedPlace>& screened, const Progress& progress,
                                    const std::string& stage) {
  std::vector<PatchPlace> places;
  std::vector<VerifiedPlace> verified;
  for (const ScreenedPlace& one : screened) {
    places.push_back(one.place);
    verified.push_back({one});
  }
  progress(stage, 0, failures.size());
  for (std::size_t f = 0; f < failures.size(); ++f) {
    const Failure& failure = failures[f];
    const std::vector<double> changes =
        real_changes(engine, failure.recipient, failure.gold, failure.donor, failure.matches, places);
    for (std::size_t p = 0; p < places.size(); ++p)
      if (!std::isnan(changes[p])) verified[p].real += changes[p] / static_cast<double>(screened[p].items);
    progress(stage, f + 1, failures.size());
  }
  return verified;
}

Correlation agreement(const std::vector<VerifiedPlace>& places) {
  std::vector<double> estimated, real;
  for (const VerifiedPlace& place : places) {
    estimated.push_back(place.screened.estimated);
    real.push_back(place.real);
  }
  return spearman(estimated, real);
}

std::vector<Failure> chosen_failures(const PreparedTask& task, const PreparedLanguage& language,
                                     const std::vector<std::size_t>& pool, const ScreenOptions& options) {
  std::vector<Failure> chosen;
  for (const std::size_t i : pool) {
    if (chosen.size() == options.items) break;
    const Question &recipient = language.questions[i], &donor = task.pivot.questions[i];
    std::vector<RowMatch> matches = matches_of(recipient, donor, options.positions);
    if (!matches.empty()) chosen.push_back({i, recipient, donor, language.items[i].gold, std::move(matches)});
  }
  return chosen;
}

}  // namespace

Screening screen(const Engine& engine, const PreparedTask& task, const PreparedLanguage& language,
                 const ScreenOptions& options, const Progress& progress) {
  const std::vector<std::size_t> pool = transfer_failures(engine, task, language, progress);
  if (pool.empty())
    fail(
        "{} {}: no item is right in {} and wrong in {}, so there is nothing to repair; choose another language or "
        "model",
        task.spec.name, language.language, task.pivot.language, language.language);
  const std::vector<Failure> failures = chosen_failures(task, language, pool, options);
  if (failures.empty())
    fail("{} {}: no failing item has the position {} in both languages; tertium tokenize shows those there are",
         task.spec.name, language.language, join(options.positions));

  Screening screening{.transfer_failures = pool.size()};
  const std::string name = task.spec.name + " " + language.language;
  Estimates estimates;
  progress(name + ": attribution", 0, failures.size());
  for (std::size_t f = 0; f < failures.size(); ++f) {
    const Failure& failure = failures[f];
    const Attribution attribution =
        attribute(engine.model(), failure.recipient, failure.gold, failure.donor, failure.matches);
    estimates.add(attribution);
    screening.margin += attribution.margin / static_cast<double>(failures.size());
    screening.items.push_back(language.items[failure.item].id);
    progress(name + ": attribution", f + 1, failures.size());
  }

  screening.places = estimates.ranked();
  const std::size_t top = std::min(options.top, screening.places.size());
  std::vector<ScreenedPlace> chosen(screening.places.begin(),
                                    screening.places.begin() + static_cast<std::ptrdiff_t>(top));
  for (const std::size_t i : drawn_others(screening.places, top, options.seed)) chosen.push_back(screening.places[i]);
  const std::vector<VerifiedPlace> all = verified(engine, failures, chosen, progress, name + ": real patches");
  screening.top.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(top));
  screening.drawn.assign(all.begin() + static_cast<std::ptrdiff_t>(top), all.end());
  screening.agreement = {agreement(all), agreement(screening.top), agreement(screening.drawn)};
  return screening;
}

}  // namespace tertium
