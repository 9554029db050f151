#include "tertium/experiment/screen_ablations.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "tertium/base/hash.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/language_means.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/metrics/metric.h"
#include "tertium/model/config.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"

namespace tertium {
namespace {

std::vector<Ablation> all_places(const Config& config) {
  return ablations_of({.components = {Component::attn_out, Component::mlp_out, Component::z}}, config);
}

const Question& statements_of(const PreparedLanguage& language, std::size_t item) {
  return language.statements.empty() ? language.questions[item] : language.statements[item];
}

double mean_dali_margin(const ItemRun& pivot, const ItemRun& own, int blocks) {
  double sum = 0;
  for (int index = 0; index <= blocks; ++index) {
    const StatementCosines cosines =
        statement_cosines(pivot.statements, own.statements, static_cast<std::size_t>(index));
    sum += least_diagonal(cosines.across) - largest_off_diagonal(cosines.across);
  }
  return sum / (blocks + 1);
}

/// What a screening runs.
class Screener {
 public:
  Screener(const Engine& engine, const PreparedTask& task, const PreparedLanguage& language, Removal removal)
      : engine_(engine), task_(task), language_(language), removal_(removal), aligns_(&language != &task.pivot) {
    if (removal != Removal::mean) return;
    std::vector<Site> sites;
    for (const Ablation& place : all_places(config())) sites.push_back(place.sites().front());
    own_means_ = std::make_unique<LanguageMeans>(engine, language, sites);
    if (aligns_) pivot_means_ = std::make_unique<LanguageMeans>(engine, task.pivot, sites);
  }

  bool aligns() const { return aligns_; }

  AblationAttribution attributed(std::size_t item) {
    const AblatedText asked{&language_.questions[item], means(own_means_, item)};
    if (!aligns_) return attribute_ablations(engine_.model(), asked, language_.items[item].gold, {}, {});
    return attribute_ablations(engine_.model(), asked, language_.items[item].gold,
                               {&statements_of(task_.pivot, item), means(pivot_means_, item)},
                               {&statements_of(language_, item), means(own_means_, item)});
  }

  /// The real changes at some places, in order.
  std::vector<ScreenedAblation> real(std::size_t item, const std::vector<Ablation>& places) {
    std::vector<std::vector<ItemRun>> runs;  // [sides][1 + places]
    for (const PreparedLanguage* side : aligns_ ? std::vector{&task_.pivot, &language_} : std::vector{&language_}) {
      const ItemJob asked = item_job(*side, item, {.quantities = {}, .positions = {}, .statements = aligns_});
      const SiteMeans means = this->means(side == &language_ ? own_means_ : pivot_means_, item);
      Job job = asked.job;
      const CleanPart clean(job);
      for (const Ablation& place : places)
        add_ablated(job, clean, place, FirstToken::included, removal_, {.at_all_rows = means});
      JobResult result = engine_.run(job);
      std::vector<ItemRun>& of_side = runs.emplace_back();
      for (std::size_t n = 0; n <= places.size(); ++n)
        of_side.push_back(read_result(asked, side->questions[item], config(), take_part(result, clean, n)));
    }
    const auto margin_of = [&](const ItemRun& run) {
      return margin(compared(language_.questions[item], run.scores), language_.items[item].gold);
    };
    const auto alignment_of = [&](std::size_t n) {
      return aligns_ ? mean_dali_margin(runs.front()[n], runs.back()[n], config().block_count()) : 0;
    };
    std::vector<ScreenedAblation> changes;
    for (std::size_t n = 0; n < places.size(); ++n)
      changes.push_back({places[n], margin_of(runs.back()[n + 1]) - margin_of(runs.back()[0]),
                         alignment_of(n + 1) - alignment_of(0)});
    return changes;
  }

 private:
  const Config& config() const { return engine_.model().config(); }

  static SiteMeans means(const std::unique_ptr<LanguageMeans>& of, std::size_t item) {
    if (!of) return {};
    return [&means = of->without(item)](Site site) { return std::span<const float>(means.at(site)); };
  }

  const Engine& engine_;
  const PreparedTask& task_;
  const PreparedLanguage& language_;
  const Removal removal_;
  const bool aligns_;
  std::unique_ptr<LanguageMeans> own_means_, pivot_means_;
};

Correlation rank_correlation(const std::vector<VerifiedAblation>& places, double ScreenedAblation::*of) {
  std::vector<double> estimated, real;
  for (const VerifiedAblation& place : places) {
    estimated.push_back(place.estimated.*of);
    real.push_back(place.real.*of);
  }
  return spearman(estimated, real);
}

}  // namespace

AblationScreening screen_ablations(const Engine& engine, const PreparedTask& task, const PreparedLanguage& language,
                                   Removal removal, ScreenBy by, const ScreenOptions& options,
                                   const Progress& progress) {
  Screener screener(engine, task, language, removal);
  const std::size_t count = std::min(options.items, language.items.size());
  const double share = 1 / static_cast<double>(count);
  const std::string name = task.spec.name + " " + language.language;
  AblationScreening screening;
  std::vector<ScreenedAblation>& places = screening.places;
  for (const Ablation& place : all_places(engine.model().config())) places.push_back({place});
  for (std::size_t i = 0; i < count; ++i) {
    progress(name + ": attribution", i, count);
    const AblationAttribution attribution = screener.attributed(i);
    screening.items.push_back(language.items[i].id);
    screening.margin += share * attribution.margin;
    screening.alignment += share * attribution.alignment;
    for (ScreenedAblation& place : places) {
      const Site site = place.place.sites().front();
      place.margin += share * attribution.of_margin.at(site);
      if (screener.aligns()) place.alignment += share * attribution.of_alignment.at(site);
    }
  }
  progress(name + ": attribution", count, count);
  const auto rank = by == ScreenBy::margin ? &ScreenedAblation::margin : &ScreenedAblation::alignment;
  std::ranges::stable_sort(places, {}, rank);

  const std::size_t top = std::min(options.top, places.size());
  std::vector<std::pair<std::uint64_t, std::size_t>> lots;
  for (std::size_t i = top; i < places.size(); ++i)
    lots.emplace_back(stable_hash(options.seed, {to_string(places[i].place.sites().front())}), i);
  std::ranges::sort(lots);
  lots.resize(std::min(top, lots.size()));
  std::ranges::sort(lots, {}, [](const auto& lot) { return lot.second; });
  std::vector<VerifiedAblation> verified;
  for (std::size_t i = 0; i < top; ++i) verified.push_back({places[i], {places[i].place}});
  for (const auto& [lot, i] : lots) verified.push_back({places[i], {places[i].place}});
  std::vector<Ablation> chosen;
  for (const VerifiedAblation& one : verified) chosen.push_back(one.estimated.place);
  for (std::size_t i = 0; i < count; ++i) {
    progress(name + ": real ablations", i, count);
    const std::vector<ScreenedAblation> changes = screener.real(i, chosen);
    for (std::size_t n = 0; n < changes.size(); ++n) {
      verified[n].real.margin += share * changes[n].margin;
      verified[n].real.alignment += share * changes[n].alignment;
    }
  }
  progress(name + ": real ablations", count, count);
  const auto end = verified.begin() + static_cast<std::ptrdiff_t>(top);
  screening.top.assign(verified.begin(), end);
  screening.drawn.assign(end, verified.end());
  for (const auto& [of, into] : {std::pair(&ScreenedAblation::margin, &screening.of_margin),
                                 std::pair(&ScreenedAblation::alignment, &screening.of_alignment)})
    *into = {rank_correlation(verified, of), rank_correlation(screening.top, of),
             rank_correlation(screening.drawn, of)};
  return screening;
}

}  // namespace tertium
