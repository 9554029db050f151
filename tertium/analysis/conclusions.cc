#include "tertium/analysis/conclusions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "tertium/base/text.h"

namespace tertium {
namespace {

/// ".053"
std::string p_text(double p) {
  if (p < 0.001) return "< .001";
  if (p >= 0.9995) return "1";
  return fmt::format("{:.3f}", p).substr(1);
}

std::string p_is(double p) { return p < 0.001 ? "p < .001" : "p = " + p_text(p); }

std::string signed_text(double value) {
  const std::string digits = fmt::format("{:.2f}", std::abs(value));
  return (value < 0 ? "−" : "") + (digits[0] == '0' ? digits.substr(1) : digits);
}

std::string counted(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

/// A task under a protocol: what sentences are about.
struct Subject {
  std::string task, protocol;
  auto operator<=>(const Subject&) const = default;
  std::string name() const { return fmt::format("{}, {}", printable(task), printable(protocol)); }
  bool asks(const TaskLanguage& of) const { return of.task == task && of.protocol == protocol; }
};

std::vector<Subject> subjects(const Observations& observations) {
  std::vector<Subject> all;
  for (const LanguageObservations& language : observations.languages) {
    const Subject subject{language.of.task, language.of.protocol};
    if (std::ranges::find(all, subject) == all.end()) all.push_back(subject);
  }
  return all;
}

/// Rows of a table that belong to one family, by the part of them that `key` tells, in the order in which they came.
template <class Row, class Key>
auto families(const std::vector<Row>& rows, const Subject& subject, const Key& key) {
  std::vector<std::pair<decltype(key(rows.front())), std::vector<const Row*>>> all;
  for (const Row& row : rows) {
    if (!subject.asks(row.of)) continue;
    const auto name = key(row);
    auto found = std::ranges::find(all, name, [](const auto& family) { return family.first; });
    if (found == all.end()) found = all.insert(all.end(), {name, {}});
    found->second.push_back(&row);
  }
  return all;
}

template <class Row, class Get>
const Row* smallest(const std::vector<const Row*>& rows, const Get& get) {
  const Row* least = nullptr;
  for (const Row* row : rows)
    if (!std::isnan(get(*row)) && (!least || get(*row) < get(*least))) least = row;
  return least;
}

std::string languages_of(const std::vector<const LayerChoiceResult*>& choices) {
  std::vector<std::string> names;
  for (const LayerChoiceResult* choice : choices) names.push_back(printable(choice->of.language));
  return join(names);
}

/// "DALI", as people write it.
std::string title(const std::string& metric) {
  return metric == "dali" ? "DALI" : metric == "dalist" ? "DALIst" : metric == "mexat" ? "MEXAT" : metric;
}

/// The metric that the sentences for a first look speak of.
constexpr std::string_view kFirstMetric = "dali";

/// Languages, as many as a first look takes.
std::string some_languages(const std::set<std::string>& languages) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> names;
  for (const std::string& language : languages) {
    if (names.size() == kMost) return fmt::format("{} and {} more", join(names), languages.size() - kMost);
    names.push_back(printable(language));
  }
  return join(names);
}

void tell_small_samples(const Subject& subject, const Analysis& analysis, Conclusions& out) {
  std::vector<std::string> small;
  std::set<std::string> languages;
  for (const LanguageResult& language : analysis.languages)
    if (subject.asks(language.of) && !language.is_pivot && std::min(language.ts, language.tf) < kFewItems) {
      small.push_back(fmt::format("{} ({} TS, {} TF)", printable(language.of.language), language.ts, language.tf));
      languages.insert(language.of.language);
    }
  if (small.empty()) return;
  out.all.push_back(fmt::format("{}: too few items to tell TS from TF in {}.", subject.name(), join(small)));
  out.in_short.push_back(
      fmt::format("{}: too few items to tell TS from TF in {}.", subject.name(), some_languages(languages)));
}

std::string_view place_of(const std::string& rule) {
  if (rule == "study") return "at the layer where most items are aligned, tested on the same items";
  if (rule == "split_half") return "at a layer picked on half of the items and tested on the others";
  return "at whichever layer differs most, against permuted labels";
}

/// "2 of 8 languages (tr, vi) at the layer …; after Holm over 8 languages no difference between TS and TF remains, the
/// smallest adjusted p is .053, tr, layer 8"; nothing where no language has a test.
std::string choice_text(const std::string& rule, const std::vector<const LayerChoiceResult*>& choices, bool corrected) {
  const LayerChoiceResult* best = smallest(choices, [](const LayerChoiceResult& choice) { return choice.p; });
  if (!best) return {};
  std::vector<const LayerChoiceResult*> below, remain;
  for (const LayerChoiceResult* choice : choices) {
    if (choice->p < kLevel) below.push_back(choice);
    if (choice->p_holm < kLevel) remain.push_back(choice);
  }
  const std::string family = counted(best->family, "language", "languages");
  const std::string text = fmt::format("in {} of {}{} {}", below.size(), family,
                                       below.empty() ? "" : fmt::format(" ({})", languages_of(below)), place_of(rule));
  const std::string where = fmt::format("{}, layer {}", printable(best->of.language), best->layer);
  if (!corrected) return fmt::format("{}; the smallest p is {}, {}", text, p_text(best->p), where);
  return fmt::format("{}. After Holm over {} {}; the smallest adjusted p is {}, {}", text, family,
                     remain.empty() ? "no difference between TS and TF remains"
                                    : fmt::format("{} remain{}", languages_of(remain), remain.size() == 1 ? "s" : ""),
                     p_text(best->p_holm), where);
}

void tell_choice_in_short(const Subject& subject, const std::string& metric,
                          const std::vector<const LayerChoiceResult*>& choices, bool corrected, Conclusions& out) {
  const auto p = [&](const LayerChoiceResult& choice) { return corrected ? choice.p_holm : choice.p; };
  const LayerChoiceResult* best = smallest(choices, p);
  if (!best) return;
  std::set<std::string> differ;
  for (const LayerChoiceResult* choice : choices)
    if (p(*choice) < kLevel) differ.insert(choice->of.language);
  const std::string how =
      corrected ? "at layers picked on held-out halves, after Holm over languages" : "by the study's rule, uncorrected";
  const std::string found = differ.empty()
                                ? fmt::format("in none of {}", counted(best->family, "language", "languages"))
                                : fmt::format("in {} of {} ({})", differ.size(), best->family, some_languages(differ));
  out.in_short.push_back(
      fmt::format("{}, {}: more of TS than of TF are aligned {}, {}.", subject.name(), title(metric), found, how));
}

/// The study's rule in full, then what the honest rules leave of it.
void tell_choices(const Subject& subject, const Analysis& analysis, bool corrected, Conclusions& out) {
  const auto metric = [](const LayerChoiceResult& choice) { return choice.metric; };
  for (const auto& [name, of_metric] : families(analysis.layer_choice, subject, metric)) {
    const auto by_rule = [&, &all = of_metric](std::string_view rule) {
      std::vector<const LayerChoiceResult*> choices = all;
      std::erase_if(choices, [&](const LayerChoiceResult* choice) { return choice->rule != rule; });
      return choices;
    };
    const std::string study = choice_text("study", by_rule("study"), corrected);
    if (study.empty()) continue;
    std::string text = fmt::format("{}, {}: TS is above TF at p < .05 {}", subject.name(), name, study);
    for (const char* rule : {"split_half", "max_permutation"}) {
      const std::vector<const LayerChoiceResult*> choices = by_rule(rule);
      const LayerChoiceResult* best = smallest(choices, [](const LayerChoiceResult& choice) { return choice.p_holm; });
      if (!best) continue;
      std::vector<const LayerChoiceResult*> remain = choices;
      std::erase_if(remain, [](const LayerChoiceResult* choice) { return !(choice->p_holm < kLevel); });
      text += fmt::format(". {}: {} (smallest adjusted p {}, {}, layer {})",
                          rule == std::string_view("split_half") ? "On held-out halves" : "Over all layers, permuted",
                          remain.empty() ? "none" : languages_of(remain), p_text(best->p_holm),
                          printable(best->of.language), best->layer);
    }
    out.all.push_back(text + ".");
    if (name == kFirstMetric)
      tell_choice_in_short(subject, name, by_rule(corrected ? "split_half" : "study"), corrected, out);
  }
}

/// A share, or the mean of a metric whose numbers may be small.
std::string mean_text(const AlignmentResult& result, double mean) {
  return result.is_binary ? signed_text(mean) : fmt::format("{:.2g}", mean);
}

/// Layers by themselves: only where something remains, since the choices above have told the rest.
void tell_layers(const Subject& subject, const Analysis& analysis, Conclusions& out) {
  const auto by = [](const AlignmentResult& result) { return result.metric; };
  for (const auto& [metric, results] : families(analysis.alignment, subject, by)) {
    const AlignmentResult* best = smallest(results, [](const AlignmentResult& result) { return result.p_bh; });
    const auto remain = std::ranges::count_if(results, [](const auto* result) { return result->p_bh < kLevel; });
    if (!best || remain == 0) continue;
    out.all.push_back(fmt::format(
        "{}, {}, every layer and language ({} tests, Benjamini-Hochberg): {}; the smallest "
        "adjusted p is {}, {}, layer {} ({} TS, {} TF).",
        subject.name(), metric, best->family,
        counted(static_cast<std::size_t>(remain), "difference remains", "differences remain"), p_text(best->p_bh),
        printable(best->of.language), best->layer, mean_text(*best, best->ts_mean), mean_text(*best, best->tf_mean)));
  }
}

void tell_across(const Subject& subject, const Analysis& analysis, Conclusions& out) {
  constexpr std::size_t kFewLanguages = 5;
  std::vector<std::string> few;  // metrics with too few languages: one sentence for all of them
  std::size_t most = 0;          // languages of these
  for (const AcrossResult& across : analysis.across) {
    if (across.task != subject.task || across.protocol != subject.protocol || across.aggregate != "max") continue;
    if (std::isnan(across.pearson.value) || across.n < 3) continue;
    if (across.n < kFewLanguages) {
      few.push_back(fmt::format("{} {}", across.metric, signed_text(across.pearson.value)));
      most = std::max(most, across.n);
      continue;
    }
    std::string text = fmt::format(
        "{}, over {} languages accuracy and {} (maximum over layers) correlate with r = {} "
        "[{}, {}]",
        subject.name(), across.n, across.metric, signed_text(across.pearson.value), signed_text(across.pearson.low),
        signed_text(across.pearson.high));
    if (across.pearson_low * across.pearson_high <= 0)
      text += "; one language left out can turn its sign";
    else
      text += fmt::format("; between {} and {} where one language is left out", signed_text(across.pearson_low),
                          signed_text(across.pearson_high));
    out.all.push_back(text + ".");
    if (across.metric == kFirstMetric)
      out.in_short.push_back(fmt::format("{}, over {} languages accuracy and {} correlate with r = {} [{}, {}].",
                                         subject.name(), across.n, title(across.metric),
                                         signed_text(across.pearson.value), signed_text(across.pearson.low),
                                         signed_text(across.pearson.high)));
  }
  if (!few.empty())
    out.all.push_back(
        fmt::format("{}: {} languages are too few to tell whether accuracy and alignment correlate (r with the "
                    "maximum over layers: {}).",
                    subject.name(), most, join(few)));
}

/// "it 12-14, zh 13": blocks by language, runs of neighbours as one.
std::string places_text(const std::vector<const PlaceResult*>& places) {
  std::map<std::string, std::set<int>> blocks;
  for (const PlaceResult* place : places) blocks[place->of.language].insert(place->layer);
  std::vector<std::string> texts;
  for (const auto& [language, numbers] : blocks) {
    std::vector<std::string> runs;
    for (auto first = numbers.begin(); first != numbers.end();) {
      auto last = first;
      while (std::next(last) != numbers.end() && *std::next(last) == *last + 1) ++last;
      runs.push_back(*first == *last ? std::to_string(*first) : fmt::format("{}-{}", *first, *last));
      first = std::next(last);
    }
    texts.push_back(fmt::format("{} {}", printable(language), join(runs, " ")));
  }
  return join(texts);
}

std::string against(const PlaceResult& place) {
  return fmt::format("{}, block {}: {} of {} items, {} under {}, {} points [{}, {}]", printable(place.of.language),
                     place.layer, in_percent(place.rate), place.items, in_percent(place.rate - place.difference.value),
                     place.strongest, fmt::format("{:+.0f}", 100 * place.difference.value),
                     fmt::format("{:.0f}", 100 * place.difference.low),
                     fmt::format("{:.0f}", 100 * place.difference.high));
}

void tell_places(const Subject& subject, const PatchKey& key, const std::vector<const PlaceResult*>& places,
                 Conclusions& out) {
  const std::string name = fmt::format("{}, {}", subject.name(), place_name(key));
  const auto most = std::ranges::max_element(places, {}, &PlaceResult::items);
  if ((*most)->items < kFewItems) {
    out.all.push_back(fmt::format("{}: at most {} patched: too few to tell anything.", name,
                                  counted((*most)->items, "item is", "items are")));
    out.in_short.push_back(out.all.back());
    return;
  }
  const PlaceResult* best = smallest(places, [](const PlaceResult& place) { return place.p_bh; });
  if (!best) return;
  std::vector<const PlaceResult*> remain;
  for (const PlaceResult* place : places)
    if (place->p_bh < kLevel && place->items >= kFewItems) remain.push_back(place);
  if (remain.empty()) {
    out.all.push_back(
        fmt::format("{}: main is nowhere above all its controls ({} tests, Benjamini-Hochberg); the smallest "
                    "adjusted p is {}, {}.",
                    name, best->family, p_text(best->p_bh), against(*best)));
    out.in_short.push_back(
        fmt::format("{}: main is nowhere above all its controls (smallest adjusted p {}).", name, p_text(best->p_bh)));
    return;
  }
  const PlaceResult* largest =
      *std::ranges::max_element(remain, {}, [](const PlaceResult* place) { return place->difference.value; });
  out.all.push_back(fmt::format("{}: main is above all its controls ({} tests, Benjamini-Hochberg) at {}; most in {}.",
                                name, best->family, places_text(remain), against(*largest)));
  std::set<std::string> languages;
  for (const PlaceResult* place : remain) languages.insert(place->of.language);
  out.in_short.push_back(fmt::format("{}: main is above all its controls in {}, most in {}.", name,
                                     some_languages(languages), against(*largest)));
}

/// Where any item's answer of the same letter does what the item itself does, the answer was copied.
void tell_copying(const Subject& subject, const PatchKey& key, const Analysis& analysis, Conclusions& out) {
  constexpr double kMost = 0.5, kNear = 0.1;
  std::map<std::string, std::pair<const FlipResult*, const FlipResult*>> found;  // by language: first and last block
  for (const FlipResult& flip : analysis.flips) {
    if (!subject.asks(flip.of) || flip.key != key || flip.control != "same_gold" || flip.items < kFewItems) continue;
    if (flip.main_rate < kMost || flip.rate.value < kMost || std::abs(flip.difference.value) > kNear) continue;
    auto& [first, last] = found[flip.of.language];
    if (!first || flip.layer < first->layer) first = &flip;
    if (!last || flip.layer > last->layer) last = &flip;
  }
  std::vector<std::string> texts;
  for (const auto& [language, range] : found)
    texts.push_back(fmt::format("{} from block {} on ({} and {} at block {})", printable(language), range.first->layer,
                                in_percent(range.second->main_rate), in_percent(range.second->rate.value),
                                range.second->layer));
  if (texts.empty()) return;
  out.all.push_back(
      fmt::format("{}, {}: main and same_gold rise together in {}: there an answer is copied, which says "
                  "nothing of meaning.",
                  subject.name(), place_name(key), join(texts)));
  std::set<std::string> languages;
  int first = std::numeric_limits<int>::max();
  for (const auto& [language, range] : found) {
    languages.insert(language);
    first = std::min(first, range.first->layer);
  }
  out.in_short.push_back(
      fmt::format("{}, {}: from block {} on main and same_gold rise together in {}: an answer is "
                  "copied there.",
                  subject.name(), place_name(key), first, some_languages(languages)));
}

void tell_noise(const Subject& subject, const PatchKey& key, const Observations& observations,
                const std::vector<const PlaceResult*>& places, Conclusions& out) {
  const PlaceResult* worst = nullptr;
  for (const PlaceResult* place : places)
    if (place->noise_rate > 0 && (!worst || place->noise_rate > worst->noise_rate)) worst = place;
  if (!worst) return;
  out.all.push_back(fmt::format(
      "{}, {}: rounding alone ({}) changes up to {} of items patched with themselves ({}, block "
      "{}): run it with dtype = \"f32\".",
      subject.name(), place_name(key), observations.dtype.empty() ? "dtype unknown" : printable(observations.dtype),
      in_percent(worst->noise_rate), printable(worst->of.language), worst->layer));
  out.in_short.push_back(out.all.back());
}

void tell_patches(const Subject& subject, const Observations& observations, const Analysis& analysis,
                  Conclusions& out) {
  constexpr std::size_t kMostKeys = 8;  // beyond, a sentence for each would bury the others
  const auto all = families(analysis.places, subject, [](const PlaceResult& place) { return place.key; });
  for (std::size_t i = 0; i < std::min(all.size(), kMostKeys); ++i) {
    const auto& [key, places] = all[i];
    tell_places(subject, key, places, out);
    tell_copying(subject, key, analysis, out);
    tell_noise(subject, key, observations, places, out);
  }
  if (all.size() > kMostKeys)
    out.all.push_back(fmt::format("{}: {} more kinds of places were patched; see table places.", subject.name(),
                                  all.size() - kMostKeys));
}

/// One sentence for all metrics.
void tell_regression(const Subject& subject, const Analysis& analysis, Conclusions& out) {
  std::vector<std::string> texts;
  for (const RegressionResult& regression : analysis.regression) {
    if (regression.task != subject.task || regression.protocol != subject.protocol) continue;
    if (!regression.is_binary) continue;  // the odds are those of a whole unit of it, which no item spans
    const auto aligned = std::ranges::find(regression.coefficients, "aligned", &RegressionTerm::term);
    if (aligned != regression.coefficients.end())
      texts.push_back(fmt::format("{} {:.2f} ({})", regression.metric, std::exp(aligned->value), p_is(aligned->p)));
    else if (!regression.note.empty())
      texts.push_back(fmt::format("{} none, since {}", regression.metric, regression.note));
  }
  if (!texts.empty())
    out.all.push_back(
        fmt::format("{}, regression: the odds of a right answer where an item is aligned at the study's layer, "
                    "relative to where it is not, length, margin and language held: {}.",
                    subject.name(), join(texts)));
}

/// One sentence a repair and language: what it repairs stands beside what it breaks and what its controls do.
void tell_repairs(const Subject& subject, const Analysis& analysis, Conclusions& out) {
  for (const RepairResult& main : analysis.repairs) {
    if (main.control != kMain || !subject.asks(main.of)) continue;
    const RepairResult *weakest = nullptr, *pivot = nullptr;  // what main exceeds least surely
    for (const RepairResult& other : analysis.repairs) {
      if (other.of != main.of || other.repair != main.repair) continue;
      if (other.control == "pivot") pivot = &other;
      if (std::isnan(other.p_holm)) continue;
      const auto doubt = [](const RepairResult& one) { return one.difference.value > 0 ? one.p_holm : 2 - one.p_holm; };
      if (!weakest || doubt(other) > doubt(*weakest)) weakest = &other;
    }
    std::string text = fmt::format(
        "{}, repair {} of {} (block {}, α {}): of {} items that it was not fitted on it repairs {} of {} TF and breaks "
        "{} of {} TS; accuracy {} → {}",
        subject.name(), main.repair, printable(main.of.language), main.layer, main.alpha, main.n, main.repaired.hits,
        main.repaired.n, main.broken.hits, main.broken.n, in_percent(main.before.value), in_percent(main.after.value));
    if (pivot)
      text += fmt::format(", in the pivot {} → {}", in_percent(pivot->before.value), in_percent(pivot->after.value));
    if (weakest) {
      const std::string than = weakest->control == "none" ? "no repair" : "its control " + weakest->control;
      const bool above = weakest->difference.value > 0 && weakest->p_holm < kLevel;
      text += above ? fmt::format(". It is above no repair and all controls (the least surely above {}: adjusted {})",
                                  than, p_is(weakest->p_holm))
                    : fmt::format(". After Holm over {} comparisons it is not above {} (adjusted {})", weakest->family,
                                  than, p_is(weakest->p_holm));
    }
    out.all.push_back(text + ".");
  }
}

/// Of what one sentence tells: everything but the place.
auto ablation_group(const AblationResult& one) {
  return std::tuple(one.of.language, one.key.component, one.key.operation, one.key.reference, one.key.position);
}

/// One sentence a language, component and operation: at how many places answers change, and the place that costs most
/// beside its control.
void tell_ablations(const Subject& subject, const Analysis& analysis, Conclusions& out) {
  std::map<decltype(ablation_group(analysis.ablations.front())), std::vector<const AblationResult*>> groups;
  for (const AblationResult& one : analysis.ablations)
    if (subject.asks(one.of)) groups[ablation_group(one)].push_back(&one);
  for (const auto& [group, results] : groups) {
    const AblationResult *most = nullptr, *control = nullptr;
    std::size_t places = 0, changed = 0;
    for (const AblationResult* one : results) {
      if (one->key.control != kMain || std::isnan(one->change.value)) continue;
      ++places;
      changed += one->p_bh < kLevel;
      if (!most || one->change.value < most->change.value) most = one;
    }
    if (!most) continue;
    for (const AblationResult* one : results)
      if (one->key.control != kMain && one->key.layer == most->key.layer && one->key.head == most->key.head)
        control = one;
    const auto points = [](const Estimate& of) {
      return fmt::format("{:+.0f} points [{:+.0f}, {:+.0f}]", 100 * of.value, 100 * of.low, 100 * of.high);
    };
    const AblationKey& key = most->key;
    std::string text = fmt::format(
        "{}, {} taken out ({}{}) in {}: accuracy changes at {} of {} places (Benjamini-Hochberg over {} tests). The "
        "largest loss is at {}{}, {} (adjusted {}), picked on these items",
        subject.name(), key.component, key.operation, key.reference.empty() ? "" : " " + printable(key.reference),
        printable(most->of.language), changed, places, most->family, key.layer,
        key.head < 0 ? "" : fmt::format(".{}", key.head), points(most->change), p_is(most->p_bh));
    if (control)
      text += fmt::format("; that is {} beside its random control (mean of {} {}, adjusted {})",
                          points(control->difference), control->draws, control->draws == 1 ? "draw" : "draws",
                          p_is(control->p_bh));
    out.all.push_back(text + ".");
  }
}

/// One sentence a corpus and pooling.
void tell_corpora(const Analysis& analysis, Conclusions& out) {
  const auto is_same = [](const CorpusResult& a, const CorpusResult& b) {
    return a.corpus == b.corpus && a.pooling == b.pooling;
  };
  std::vector<const CorpusResult*> firsts;
  for (const CorpusResult& one : analysis.nearest)
    if (std::ranges::none_of(firsts, [&](const CorpusResult* first) { return is_same(one, *first); }))
      firsts.push_back(&one);
  for (const CorpusResult* first : firsts) {
    std::vector<std::string> texts;
    double chance = 0;
    for (const CorpusResult& one : analysis.nearest) {
      if (!is_same(one, *first)) continue;
      chance = std::max(chance, one.chance);
      texts.push_back(fmt::format("{} {} [{}, {}] at layer {}", printable(one.language), in_percent(one.mexa.value),
                                  in_percent(one.mexa.low), in_percent(one.mexa.high), one.layer));
    }
    out.all.push_back(
        fmt::format("{}, {} sentences, pooling {}: MEXA is largest in {}; permuted sentences give {:.1f} % at most.",
                    printable(first->corpus), first->mexa.n, first->pooling, join(texts), 100 * chance));
    if (first == firsts.front()) out.in_short.push_back(out.all.back());
  }
}

}  // namespace

std::string place_name(const PatchKey& key) {
  const std::string head = key.head < 0 ? "" : fmt::format(" head {}", key.head);
  const std::string window = key.window == 1 ? "" : fmt::format(", {} blocks at once", key.window);
  return fmt::format("{}, {}{}, position {}{}", key.direction, key.site, head, key.position, window);
}

Conclusions conclusions(const Observations& observations, const Analysis& analysis, const AnalysisOptions& options) {
  Conclusions out;
  const bool corrected = options.preset != Preset::study;
  for (const Subject& subject : subjects(observations)) {
    tell_small_samples(subject, analysis, out);
    tell_choices(subject, analysis, corrected, out);
    if (corrected) tell_layers(subject, analysis, out);
    tell_across(subject, analysis, out);
    tell_patches(subject, observations, analysis, out);
    tell_regression(subject, analysis, out);
    tell_ablations(subject, analysis, out);
    tell_repairs(subject, analysis, out);
  }
  tell_corpora(analysis, out);
  return out;
}

}  // namespace tertium
