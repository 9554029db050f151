#include "tertium/analysis/translation_results.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <sstream>
#include <tuple>

#include "tertium/analysis/families.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/stats/bootstrap_correlation.h"
#include "tertium/stats/sign_flip.h"
#include "tertium/stats/units.h"
#include "tertium/translation/corpus_scores.h"
#include "tertium/translation/language_of.h"

namespace tertium {
namespace {

/// "resid_post@7 last main 0". Throws Error for anything else.
TranslationPlace place_of(const std::string& condition) {
  std::istringstream words(condition);
  std::string site, rest;
  TranslationPlace place;
  words >> site >> place.position >> place.control >> place.draw;
  const std::size_t at = site.find('@');
  bool good = !words.fail() && !(words >> rest) && at != std::string::npos && place.draw >= 0;
  if (good) {
    const char* const end = site.data() + site.size();
    const auto [read, problem] = std::from_chars(site.data() + at + 1, end, place.layer);
    good = problem == std::errc() && place.layer >= 0;
    // A head or a window belongs to the site's name.
    place.site = site.substr(0, at) + std::string(read, end);
  }
  if (!good)
    fail("generations: \"{}\" is no condition; the file is not as a run left it, so run again", printable(condition));
  return place;
}

BleuTokenizer tokenizer_of(const std::string& target) {
  return target.starts_with("zh") ? BleuTokenizer::zh : BleuTokenizer::v13a;
}

using Items = std::map<std::string, TranslatedItem>;

std::vector<SegmentCounts> counts_of(const TranslatedLanguage& of, const Items& items) {
  std::vector<SegmentCounts> counts;
  for (const auto& [id, item] : items)
    if (item.text) counts.push_back(segment_counts(*item.text, of.references.at(id), tokenizer_of(of.target)));
  return counts;
}

TranslationResult result_of(const TranslatedLanguage& of, const TranslatedLanguage* pivot,
                            const Observations& observations, Bootstrap& bootstrap) {
  TranslationResult result{.language = of.language, .target = of.target, .is_pivot = of.language == observations.pivot};
  result.n = of.clean.size();
  std::vector<double> sums;
  double sum = 0, tokens = 0;
  for (const auto& [id, item] : of.clean) {
    sums.push_back(item.log_prob);
    sum += item.log_prob;
    tokens += item.reference_tokens;
    if (!item.text) continue;
    const std::string_view text = *item.text;
    result.empty += text.empty();
    result.repeated += is_repeated(text);
    const auto source = of.sources.find(id);
    result.untranslated += !text.empty() && source != of.sources.end() && text == strip(source->second);
    ++result.languages_out[item.language_out];
  }
  result.log_prob = mean_of_items(sums, {}, bootstrap);
  if (tokens > 0) result.per_token = sum / tokens;
  if (const std::vector<SegmentCounts> counts = counts_of(of, of.clean); !counts.empty()) {
    const CorpusScores scores = corpus_scores(counts, bootstrap);
    result.chrfpp = scores.chrf_plus_plus;
    result.chrf = scores.chrf;
    result.bleu = scores.bleu;
  }
  const auto success = observations.translations.success.find(of.target);
  if (success == observations.translations.success.end()) return result;
  result.success = success->second;
  if (!pivot || result.is_pivot) return result;
  for (const auto& [id, item] : of.clean) {
    const auto in_pivot = pivot->clean.find(id);
    if (in_pivot == pivot->clean.end()) continue;
    const bool right = item.chrfpp >= result.success, pivot_right = in_pivot->second.chrfpp >= result.success;
    result.ts += pivot_right && right;
    result.tf += pivot_right && !right;
    result.fs += !pivot_right && right;
    result.ff += !pivot_right && !right;
  }
  return result;
}

/// By sentence: NaN where there is none.
double quality_of(const TranslatedItem& item, bool by_text) {
  if (by_text) return item.text ? item.chrfpp : kUnknown;
  return item.log_prob / std::max(1, item.reference_tokens);
}

void add_alignment(const TranslatedLanguage& of, const Observations& observations, Bootstrap& bootstrap,
                   std::vector<TranslationAlignmentResult>& results) {
  for (const AlignmentObservations& at : observations.translations.alignment) {
    if (at.language != of.language) continue;
    for (const bool by_text : {false, true}) {
      std::vector<double> near, quality;
      for (const auto& [id, value] : at.values)
        if (const auto item = of.clean.find(id); item != of.clean.end())
          if (const double own = quality_of(item->second, by_text); !std::isnan(own))
            near.push_back(value), quality.push_back(own);
      if (near.size() < 3) continue;
      const Correlation found = bootstrap_correlation(near, quality, CorrelationKind::spearman, bootstrap);
      TranslationAlignmentResult result{
          of.language, of.target, at.metric, at.stream, at.layer, by_text ? "chrfpp" : "log_prob", {}};
      result.spearman =
          std::isnan(found.value) ? Estimate{.n = found.n} : Estimate{found.value, found.low, found.high, found.n};
      results.push_back(std::move(result));
    }
  }
}

/// The changes of one control at one place: by item, the mean over draws.
struct Changes {
  std::map<std::string, double> by_item;
  std::size_t draws = 0;
};

Changes changes_of(const TranslatedLanguage& of, const std::vector<const TranslatedPatch*>& draws) {
  Changes changes;
  std::map<std::string, std::pair<double, int>> sums;
  for (const TranslatedPatch* draw : draws)
    for (const auto& [id, item] : draw->items)
      if (const auto clean = of.clean.find(id); clean != of.clean.end()) {
        sums[id].first += item.log_prob - clean->second.log_prob;
        ++sums[id].second;
      }
  for (const auto& [id, sum] : sums) changes.by_item[id] = sum.first / sum.second;
  changes.draws = draws.size();
  return changes;
}

void add_texts(const TranslatedLanguage& of, const TranslatedPatch& patch, TranslationPatchResult& result) {
  std::vector<SegmentCounts> own, clean;
  for (const auto& [id, item] : patch.items) {
    const auto before = of.clean.find(id);
    if (!item.text || before == of.clean.end() || !before->second.text) continue;
    own.push_back(segment_counts(*item.text, of.references.at(id), tokenizer_of(of.target)));
    clean.push_back(segment_counts(*before->second.text, of.references.at(id), tokenizer_of(of.target)));
    ++result.languages_out[item.language_out];
  }
  result.texts = own.size();
  if (own.empty()) return;
  const auto together = [](const std::vector<SegmentCounts>& counts) {
    ChrfCounts all;
    for (const SegmentCounts& one : counts) all += one.chrf;
    return chrf_plus_plus(all);
  };
  result.chrfpp = together(own);
  result.chrfpp_clean = together(clean);
}

using Key = std::tuple<std::string, std::string, int>;  // site, position, block

void add_patches(const TranslatedLanguage& of, Bootstrap& bootstrap, std::vector<TranslationPatchResult>& results) {
  std::vector<Key> order;
  std::map<Key, std::vector<std::pair<std::string, std::vector<const TranslatedPatch*>>>> places;
  for (const TranslatedPatch& patch : of.patches) {
    const Key key{patch.place.site, patch.place.position, patch.place.layer};
    const auto [found, is_new] = places.try_emplace(key);
    if (is_new) order.push_back(key);
    auto control = std::ranges::find(found->second, patch.place.control, [](const auto& one) { return one.first; });
    if (control == found->second.end()) control = found->second.insert(control, {patch.place.control, {}});
    control->second.push_back(&patch);
  }
  // Blocks in order, whatever the order in which they were computed.
  std::ranges::stable_sort(
      order, {}, [](const Key& key) { return std::tuple(std::get<0>(key), std::get<1>(key), std::get<2>(key)); });
  for (const Key& key : order) {
    const auto& controls = places.at(key);
    const auto main = std::ranges::find(controls, kMain, [](const auto& one) { return one.first; });
    const Changes of_main = main == controls.end() ? Changes{} : changes_of(of, main->second);
    for (const auto& [control, draws] : controls) {
      const Changes own = control == kMain ? of_main : changes_of(of, draws);
      TranslationPatchResult result{.language = of.language,
                                    .target = of.target,
                                    .site = std::get<0>(key),
                                    .position = std::get<1>(key),
                                    .control = control,
                                    .layer = std::get<2>(key),
                                    .items = own.by_item.size(),
                                    .draws = own.draws};
      std::vector<double> changes, differences;
      for (const auto& [id, change] : own.by_item) {
        changes.push_back(change);
        if (const auto other = of_main.by_item.find(id); other != of_main.by_item.end())
          differences.push_back(other->second - change);
      }
      result.change = mean_of_items(changes, {}, bootstrap);
      // Self is no claim: it shows the rounding.
      if (control != kMain && control != "self" && !differences.empty()) {
        result.difference = mean_of_items(differences, {}, bootstrap);
        result.p = sign_flip(differences);
      }
      add_texts(of, *draws.front(), result);
      results.push_back(std::move(result));
    }
  }
}

}  // namespace

TranslationObservations translation_observations(const std::vector<GenerationRow>& rows,
                                                 const std::vector<TextRow>& texts,
                                                 const std::vector<AlignmentRow>& alignment) {
  TranslationObservations all;
  std::map<std::pair<std::string, std::string>, std::string> known;  // by language and item
  for (const TextRow& row : texts)
    if (row.task == kTranslate && row.option < 0) known[{row.language, row.item}] = row.text;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> places;  // language, target, condition
  for (const GenerationRow& row : rows) {
    if (row.task != kTranslate) continue;
    auto language = std::ranges::find_if(all.languages, [&](const TranslatedLanguage& one) {
      return one.language == row.language && one.target == row.target;
    });
    if (language == all.languages.end())
      language = all.languages.insert(language, TranslatedLanguage{.language = row.language, .target = row.target});
    const auto reference = known.find({row.target, row.item});
    if (reference == known.end())
      fail("generations: item \"{}\" has no reference in {}; the file is not as a run left it, so run again",
           printable(row.item), printable(row.target));
    language->references[row.item] = reference->second;
    if (const auto source = known.find({row.language, row.item}); source != known.end())
      language->sources[row.item] = source->second;
    TranslatedItem item{row.log_prob.value_or(kUnknown), row.reference_tokens, row.text, row.chrfpp.value_or(kUnknown),
                        row.language_out};
    if (row.condition.empty()) {
      language->clean[row.item] = std::move(item);
      continue;
    }
    const auto [place, is_new] =
        places.try_emplace({row.language, row.target, row.condition}, language->patches.size());
    if (is_new) language->patches.push_back({place_of(row.condition), {}});
    language->patches[place->second].items[row.item] = std::move(item);
  }
  std::map<std::tuple<std::string, std::string, std::string, int>, std::size_t> layers;
  for (const AlignmentRow& row : alignment) {
    if (row.task != kTranslate) continue;
    const auto [place, is_new] =
        layers.try_emplace({row.language, row.metric, row.stream, row.layer}, all.alignment.size());
    if (is_new) all.alignment.push_back({row.task, row.language, row.metric, row.stream, row.layer, {}});
    all.alignment[place->second].values[row.item] = row.value;
  }
  return all;
}

TranslationAnalysis translation_results(const Observations& observations, Bootstrap& bootstrap) {
  TranslationAnalysis analysis;
  for (const TranslatedLanguage& of : observations.translations.languages) {
    const auto pivot = std::ranges::find_if(observations.translations.languages, [&](const TranslatedLanguage& one) {
      return one.target == of.target && one.language == observations.pivot;
    });
    analysis.translations.push_back(
        result_of(of, pivot == observations.translations.languages.end() ? nullptr : &*pivot, observations, bootstrap));
    add_alignment(of, observations, bootstrap, analysis.alignment);
    add_patches(of, bootstrap, analysis.patches);
  }
  correct(
      analysis.patches,
      [](const TranslationPatchResult& row) { return std::tuple(row.language, row.target, row.site, row.position); },
      &TranslationPatchResult::p, holm, &TranslationPatchResult::p_holm, &TranslationPatchResult::family);
  return analysis;
}

}  // namespace tertium
