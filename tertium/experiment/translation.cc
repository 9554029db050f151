#include "tertium/experiment/translation.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "tertium/base/error.h"
#include "tertium/base/folder.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/engine/engine.h"
#include "tertium/engine/greedy.h"
#include "tertium/experiment/language_states.h"
#include "tertium/experiment/lineup_units.h"
#include "tertium/experiment/means_files.h"
#include "tertium/experiment/patch.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/unit_runner.h"
#include "tertium/metrics/corpus.h"
#include "tertium/model/config.h"
#include "tertium/tasks/translation_prompt.h"
#include "tertium/translation/corpus_scores.h"

namespace tertium {
namespace {

constexpr char kFix[] = "fix";

/// How the source sentences are compared: the indicator of MEXAT and, as real numbers, how far its own cosine is above
/// the largest of the others. measure_corpus begins with 1, so a half of that, which is no more.
void nearest_of_pair(double own, double other, Measured& item) { item.value = std::min(item.value, (own - other) / 2); }
const Metric kHalfMargin = {.name = "margin", .meaning = "half of it", .of_item = nullptr, .of_pair = nearest_of_pair};
constexpr const char* kMexat = "mexat";
constexpr const char* kMargin = "margin";

/// The experiment's patches, as a translation task runs them: all items, from the pivot.
PatchSpec patch_spec(const PatchSpec& given, bool elsewhere) {
  PatchSpec spec = given;
  spec.all_items = true;
  spec.directions = {kFix};
  if (elsewhere) spec.controls.clear();
  return spec;
}

/// How results name a patched run.
std::string condition_of(const PatchedRun& run, const std::string& position, const std::string& control) {
  const Site site = run.place->site;
  const std::string window = run.place->window > 1 ? fmt::format("+{}", run.place->window - 1) : "";
  return fmt::format("{}{} {} {} {}", to_string(site), window, position, control, run.draw);
}

/// A translation task whose units are planned, and run where that is asked for.
class TranslationRun {
 public:
  struct Common {
    const Experiment& experiment;
    const Tokenizer* tokenizer;  // null where nothing runs
    const Engine& engine;
    const UnitPlanner& planner;
    double most_rows;
  };

  TranslationRun(const Common& common, const PreparedTranslation& translation)
      : common_(common), prepared_(translation), task_(translation.as_task()) {
    for (const PreparedLanguage* each : sides()) keys_.emplace(each, keys_of(*each));
    if (!prepared_.pivot_elsewhere.items.empty())
      keys_.emplace(&prepared_.pivot_elsewhere, keys_of(prepared_.pivot_elsewhere));
    if (!common.experiment.patch) return;
    patches_.emplace_back(std::make_unique<Patches>(*this, prepared_.pivot, false));
    if (common.experiment.patch->other_target)
      patches_.emplace_back(std::make_unique<Patches>(*this, prepared_.pivot_elsewhere, true));
  }

  void count(UnitCount& count) const {
    for (const PreparedLanguage* language : sides()) count.add(common_.planner.plan(scoring(*language)));
    for (const PreparedLanguage& language : prepared_.others) {
      if (aligns()) count.add(common_.planner.plan(alignment(language)));
      for (const auto& patches : patches_) {
        const Patched patched(*this, *patches, language);
        count.add(common_.planner.plan(patched.demand()));
      }
    }
  }

  TranslationPlan plan() const {
    TranslationPlan plan{.target = prepared_.spec.target, .sentences = prepared_.references.size()};
    const std::size_t of_row = kept_bytes_of_row(common_.engine.model());
    for (const PreparedLanguage* language : sides()) {
      ++plan.languages;
      for (const Work& work : common_.planner.plan(scoring(*language)).works) {
        std::size_t rows = 0;
        for (const std::size_t i : work.members())
          rows += language->questions[i].context.size() + static_cast<std::size_t>(prepared_.spec.most_tokens);
        plan.together = std::max(plan.together, work.count);
        plan.session_bytes = std::max(plan.session_bytes, rows * of_row);
      }
    }
    for (const PreparedLanguage& language : prepared_.others)
      for (const auto& patches : patches_) {
        const Patched patched(*this, *patches, language);
        for (const Lineup::Recipient& recipient : patched.lineup.recipients)
          for (const PatchedRun& run : patches->menu.runs_of(recipient)) {
            ++plan.patched_runs;
            plan.patched_texts += has_text(*patches, run);
          }
      }
    return plan;
  }

  void run(Store& store, UnitRunner& runner, const Progress& progress, const RunControl& control) {
    store_texts(store);
    for (const PreparedLanguage* language : sides()) score(*language, store, runner, progress);
    for (const PreparedLanguage& language : prepared_.others) {
      if (aligns()) align(language, store, runner, progress);
      patch(language, store, runner, progress, control);
    }
    store.set_info(fmt::format("translation {}", prepared_.spec.target),
                   prepared_.spec.success ? fmt::format("success {}", *prepared_.spec.success) : "continuous");
  }

 private:
  using Answers = RightAnswers;

  /// What is patched with the pivot's prompts into one target.
  struct Patches {
    Patches(const TranslationRun& run, const PreparedLanguage& pivot, bool elsewhere)
        : pivot(pivot),
          elsewhere(elsewhere),
          spec(patch_spec(*run.common_.experiment.patch, elsewhere)),
          menu(spec, run.common_.engine.model().config()) {}

    std::string control(const std::string& name) const { return elsewhere && name == kMain ? kOtherTarget : name; }

    const PreparedLanguage& pivot;
    bool elsewhere;
    PatchSpec spec;
    PatchMenu menu;
  };

  /// One language under them.
  struct Patched {
    Patched(const TranslationRun& run, const Patches& patches, const PreparedLanguage& language)
        : run(run),
          patches(patches),
          right(language.items.size(), true),
          pair{patches.pivot, language, right, right},
          lineup(line_up(patches.spec, direction_named(kFix), pair)),
          units(patches.menu, run.task_, pair, run.keys_.at(&patches.pivot), run.keys_.at(&language), lineup,
                run.common_.engine.model().config().block_count()) {}
    Patched(const Patched&) = delete;
    Patched& operator=(const Patched&) = delete;

    Demand demand() const {
      Demand demand = units.patches();
      for (std::string& part : demand.parts) {
        const std::size_t end = part.find(' ');
        part = patches.control(part.substr(0, end)) + part.substr(end);
      }
      if (patches.spec.texts)
        demand.key = [inner = demand.key, texts = run.texts_key(*patches.spec.texts)](std::size_t part,
                                                                                      std::size_t member) {
          return Hasher().add(inner(part, member)).add(texts).hex();
        };
      return demand;
    }

    const TranslationRun& run;
    const Patches& patches;
    Answers right;
    LanguagePair pair;
    Lineup lineup;
    LineupUnits units;
  };

  static bool has_text(const Patches& patches, const PatchedRun& run) {
    const auto& blocks = patches.spec.texts;
    return blocks && std::ranges::find(*blocks, run.place->site.block) != blocks->end();
  }

  bool aligns() const { return !common_.experiment.metrics.empty(); }

  std::vector<const PreparedLanguage*> sides() const {
    std::vector<const PreparedLanguage*> all = {&prepared_.pivot};
    for (const PreparedLanguage& language : prepared_.others) all.push_back(&language);
    return all;
  }

  Stage stage(const PreparedLanguage& language, std::string_view what, Store& store, const Progress& progress) const {
    return {stage_name(task_, language.language, what), language.items.size(), store, progress};
  }

  /// What decides a text beside its prompt.
  std::string generation_key() const {
    Hasher hasher;
    hasher.add(std::int64_t{prepared_.spec.most_tokens});
    for (const std::string& stop : prepared_.stops) hasher.add(stop);
    return hasher.hex();
  }
  std::string texts_key(const std::vector<int>& blocks) const {
    return Hasher().add(generation_key()).add(fmt::format("{}", fmt::join(blocks, " "))).hex();
  }

  Demand scoring(const PreparedLanguage& language) const {
    Demand demand{.series = {task_.name, task_.stored_protocol(), language.language, std::string(kScoring), ""},
                  .parts = {""},
                  .members = {}};
    for (const Item& item : language.items) demand.members.push_back(item.id);
    demand.key = [&keys = keys_.at(&language), how = generation_key(), this](std::size_t, std::size_t i) {
      return Hasher().add(keys.asked[i]).add(how).add(prepared_.references[i]).hex();
    };
    demand.cost = [this, &language](std::size_t i, const auto&) { return cost_of(language, i); };
    return demand;
  }

  /// Rows of its own, which do not begin as the first sentence's prompt does. Generated rows count for a quarter, since
  /// a step takes hardly longer for some dozens of texts than for a few.
  double cost_of(const PreparedLanguage& language, std::size_t i) const {
    const Question &question = language.questions[i], &first = language.questions[0];
    const auto shared =
        std::mismatch(question.context.begin(), question.context.end(), first.context.begin(), first.context.end())
            .first -
        question.context.begin();
    const auto own = static_cast<double>(rows_of(question)) - (i == 0 ? 0.0 : static_cast<double>(shared));
    return own + prepared_.spec.most_tokens / 4.0;
  }

  Demand alignment(const PreparedLanguage& language) const {
    Demand demand{.series = {task_.name, task_.stored_protocol(), language.language, std::string(kAligning), ""},
                  .parts = {kMexat, kMargin},
                  .members = {}};
    for (const Item& item : language.items) demand.members.push_back(item.id);
    demand.key = [this, &language](std::size_t, std::size_t i) {
      return Hasher().add(prepared_.pivot.premises[i].context).add(language.premises[i].context).hex();
    };
    demand.cost = [&language](std::size_t i, const auto&) {
      return static_cast<double>(language.premises[i].context.size());
    };
    demand.together = true;
    return demand;
  }

  /// What the item view shows: source sentences, and the references.
  void store_texts(Store& store) const {
    std::set<std::pair<std::string, std::string>> known;
    std::set<std::string> items;
    for (const TextRow& row : store.texts())
      if (row.task == kTranslate) known.emplace(row.language, row.item);
    for (const ItemRow& row : store.items())
      if (row.task == kTranslate) items.insert(row.item);
    const auto add = [&](const std::string& language, const std::string& item, const std::string& text) {
      if (known.emplace(language, item).second) store.add(TextRow{kTranslate, language, item, -1, text});
    };
    for (std::size_t i = 0; i < prepared_.references.size(); ++i) {
      const std::string& id = prepared_.pivot.items[i].id;
      if (items.insert(id).second) store.add(ItemRow{kTranslate, id, "", id});
      add(prepared_.spec.target, id, prepared_.references[i]);
      for (const PreparedLanguage* side : sides()) add(side->language, id, side->items[i].statement_context);
    }
  }

  Continuation continuation(int strand) const {
    return {.strand = strand, .most = prepared_.spec.most_tokens, .ends = [this](std::span<const TokenId> made) {
              const std::string text = common_.tokenizer->decode(made);
              return answer_end(text, prepared_.stops) < text.size();
            }};
  }

  GenerationRow row(const PreparedLanguage& language, std::size_t i, std::string condition, double log_prob,
                    const Continued* made) const {
    GenerationRow row{.task = kTranslate,
                      .language = language.language,
                      .target = prepared_.spec.target,
                      .item = language.items[i].id,
                      .condition = std::move(condition),
                      .log_prob = log_prob,
                      .reference_tokens = static_cast<int>(language.questions[i].options[0].size())};
    if (!made) return row;
    const std::string whole = common_.tokenizer->decode(made->tokens);
    const std::string text(strip(std::string_view(whole).substr(0, answer_end(whole, prepared_.stops))));
    const BleuTokenizer words = prepared_.spec.target.starts_with("zh") ? BleuTokenizer::zh : BleuTokenizer::v13a;
    const SegmentCounts counts = segment_counts(text, prepared_.references[i], words);
    row.text = text;
    row.tokens = static_cast<int>(made->tokens.size());
    row.stop = made->stop == Continued::Stop::end_token ? "end"
               : made->stop == Continued::Stop::text    ? "text"
                                                        : "length";
    row.chrf = chrf(counts.chrf);
    row.chrfpp = chrf_plus_plus(counts.chrf);
    row.bleu = sentence_bleu(counts.bleu);
    row.language_out = prepared_.language_of(text);
    return row;
  }

  void score(const PreparedLanguage& language, Store& store, UnitRunner& runner, const Progress& progress) const {
    Stage stage = this->stage(language, kScoring, store, progress);
    const Demand demand = scoring(language);
    const WorkPlan plan = common_.planner.plan(demand);
    for (const UnitRow& old : plan.outdated) store.remove_unit(old.id);
    const auto compute = [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>&) {
      std::vector<ContinuedJob> jobs;
      std::vector<AskedStrands> asked;
      for (const std::size_t i : work.members()) {
        ContinuedJob& job = jobs.emplace_back(ContinuedJob{.job = {.name = language.questions[i].name}});
        asked.push_back(ask(job.job, language.questions[i], /*whole_options=*/false));
        job.continuations = {continuation(asked.back().context)};
      }
      const std::vector<ContinuedResult> results = continue_greedily(common_.engine, jobs);
      for (std::size_t m = 0; m < results.size(); ++m) {
        const std::size_t i = work.first + m;
        const double log_prob = option_scores(language.questions[i], asked[m], results[m].result)[0];
        store.remove_generation(kTranslate, language.language, prepared_.spec.target, language.items[i].id, "");
        store.add(row(language, i, "", log_prob, &results[m].texts[0]));
        ++tally.rows[0];
      }
    };
    if (runner.run(demand, plan, stage, compute)) stage.end();
  }

  void align(const PreparedLanguage& language, Store& store, UnitRunner& runner, const Progress& progress) const {
    Stage stage = this->stage(language, kAligning, store, progress);
    const Demand demand = alignment(language);
    const WorkPlan plan = common_.planner.plan(demand);
    for (const UnitRow& old : plan.outdated) store.remove_unit(old.id);
    const auto compute = [&](const Work& work, Tally& tally, const auto&) {
      const std::vector<TextStates> pivot = states_of(prepared_.pivot), own = states_of(language);
      const std::size_t indices = common_.engine.model().config().layers.size() + 2;
      for (std::size_t p = 0; p < work.parts.size(); ++p) {
        const std::string& metric = demand.parts[work.parts[p]];
        const bool margin = metric == kMargin;
        store.remove_alignment(kTranslate, language.language, metric);
        for (std::size_t index = 0; index < indices; ++index) {
          const auto reader = [&](const std::vector<TextStates>& states) -> ReadState {
            return [&, index](std::size_t i, std::span<float> into) {
              std::ranges::copy(states[i].at(index), into.begin());
            };
          };
          const std::vector<Measured> measured =
              measure_corpus(margin ? kHalfMargin : metric_named(metric), pivot.size(), pivot[0].final_norm.size(),
                             reader(pivot), reader(own));
          for (std::size_t i = 0; i < measured.size(); ++i) {
            const bool behind = index + 1 == indices;
            store.add(AlignmentRow{kTranslate, language.language, language.items[i].id, metric,
                                   behind ? "final_norm" : "resid", static_cast<int>(behind ? indices - 2 : index),
                                   margin ? 2 * measured[i].value : measured[i].value});
            ++tally.rows[p];
            tally.ties[p] += measured[i].tie;
          }
        }
      }
    };
    if (runner.run(demand, plan, stage, compute)) stage.end();
  }

  /// Of the source sentences, each a text of its own, at their last tokens.
  std::vector<TextStates> states_of(const PreparedLanguage& language) const {
    std::vector<Job> jobs;
    for (const Question& premise : language.premises) {
      const int last = static_cast<int>(premise.context.size()) - 1;
      jobs.push_back({.name = premise.name, .strands = {{.tokens = premise.context}}});
      jobs.back().recordings = {{0, last, 1, Quantity::resid}, {0, last, 1, Quantity::final_norm}};
    }
    std::vector<TextStates> states(jobs.size());
    common_.engine.run(jobs, [&](std::size_t i, JobResult result) {
      states[i] = {std::move(result.recordings[0]), std::move(result.recordings[1])};
    });
    return states;
  }

  void patch(const PreparedLanguage& language, Store& store, UnitRunner& runner, const Progress& progress,
             const RunControl& control) const {
    bool whole = !patches_.empty();
    for (const auto& patches : patches_) whole &= patch(language, *patches, store, runner, progress, control);
    if (whole) stage(language, patching(kFix), store, progress).end();
  }

  bool patch(const PreparedLanguage& language, const Patches& patches, Store& store, UnitRunner& runner,
             const Progress& progress, const RunControl& control) const {
    const Patched patched(*this, patches, language);
    const Demand demand = patched.demand();
    const WorkPlan plan = common_.planner.plan(demand);
    for (const UnitRow& old : plan.outdated)
      if (std::ranges::find(demand.members, old.first_item) != demand.members.end()) store.remove_unit(old.id);
    if (plan.works.empty()) return true;
    tell_shortages(language, patched.lineup, control);
    const auto activations = [&](const PreparedLanguage& of) {
      const double bytes = LanguageActivations::bytes(of, patches.menu.wanted(), common_.engine.model().config());
      const bool room = bytes <= free_bytes(store.folder()) / 4;  // two languages, and the results
      return LanguageActivations(common_.engine, of, patches.menu.wanted(),
                                 {room ? store.folder() / kScratch : "", control.fingerprint, keys_.at(&of).asked});
    };
    LanguageActivations pivot = activations(patches.pivot), other = activations(language);
    MeansPair means;
    if (std::ranges::any_of(plan.works, [&](const Work& work) { return patched.units.take_means(work.parts); }))
      means = means_of(patched, pivot, other);
    Stage stage = this->stage(language, patching(kFix), store, progress);
    Beginnings beginnings;
    const auto compute = [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached) {
      const LineupUnits::Runs all = patched.units.runs_of(work);
      const CleanActivations clean(pivot, other, givers_of(patched.lineup, all.runs));
      auto part = all.part.begin();
      const auto answered = [&](const PatchedRun& run, const std::vector<double>& scores, const Continued* text) {
        const std::string condition =
            condition_of(run, patches.spec.positions[run.place->position], patches.control(run.control->name));
        store.remove_generation(kTranslate, language.language, prepared_.spec.target, language.items[run.recipient].id,
                                condition);
        store.add(row(language, run.recipient, condition, scores[0], text));
        ++tally.rows[*part++];
      };
      const ContinuePatched texts = [&](const PatchedRun& run, int strand) -> std::optional<Continuation> {
        return has_text(patches, run) ? std::optional(continuation(strand)) : std::nullopt;
      };
      run_patches(common_.engine, patches.menu, patched.lineup, patched.pair, all.runs, clean.all(), means, answered,
                  reached, beginnings, patches.spec.texts ? texts : ContinuePatched());
    };
    return runner.run(demand, plan, stage, compute);
  }

  /// Over all items, some at a time.
  static MeansPair means_of(const Patched& patched, LanguageActivations& pivot, LanguageActivations& other) {
    constexpr std::size_t kAtOnce = 32;
    MeansPair means;
    const std::vector<std::size_t>& all = patched.lineup.averaged;
    for (std::size_t first = 0; first < all.size(); first += kAtOnce) {
      const std::span<const std::size_t> items = std::span(all).subspan(first, std::min(kAtOnce, all.size() - first));
      Givers givers;
      givers.pivot.insert(items.begin(), items.end());
      givers.other = givers.pivot;
      const CleanActivations clean(pivot, other, givers);
      const MeansPair more = means_over(patched.patches.menu, clean.all(), items);
      means.pivot.add(more.pivot);
      means.other.add(more.other);
    }
    return means;
  }

  void tell_shortages(const PreparedLanguage& language, const Lineup& lineup, const RunControl& control) const {
    for (const auto& [position, count] : lineup.lacking)
      control.notice(fmt::format("{} {}: {} of {} sentences are not patched at {}, which they or the pivot's lack",
                                 task_.name, language.language, count, lineup.recipients.size(), position));
    for (const auto& [name, count] : lineup.short_of_donors)
      control.notice(fmt::format("{} {}: {} finds fewer donors than it should for {} of {} sentences", task_.name,
                                 language.language, name, count, lineup.recipients.size()));
  }

  const Common& common_;
  const PreparedTranslation& prepared_;
  const TaskSpec task_;
  std::map<const PreparedLanguage*, ItemKeys> keys_;
  std::vector<std::unique_ptr<Patches>> patches_;
};

/// Throws Error for the first sentence that lacks a position.
void demand_patchable(const PatchSpec& given, const PreparedTranslation& translation, const Config& config) {
  PatchSpec spec = patch_spec(given, /*elsewhere=*/false);
  PreparedTask task{.spec = translation.as_task(), .pivot = translation.pivot, .others = translation.others};
  demand_patchable(spec, {std::move(task)}, config);
}

}  // namespace

std::vector<std::string> translation_stages(const PreparedTranslation& translation, const Experiment& experiment) {
  const TaskSpec task = translation.as_task();
  std::vector<std::string> stages = {stage_name(task, translation.pivot.language, kScoring)};
  for (const PreparedLanguage& language : translation.others) {
    stages.push_back(stage_name(task, language.language, kScoring));
    if (!experiment.metrics.empty()) stages.push_back(stage_name(task, language.language, kAligning));
    if (experiment.patch) stages.push_back(stage_name(task, language.language, patching(kFix)));
  }
  return stages;
}

void demand_patchable(const Experiment& experiment, const std::vector<PreparedTranslation>& translations,
                      const Config& config) {
  if (!experiment.patch) return;
  for (const PreparedTranslation& translation : translations) {
    if (experiment.patch->other_target && translation.spec.other_target.empty())
      fail("patch.controls: other_target needs other_target = \"LANGUAGE\" in the translate task into {}",
           printable(translation.spec.target));
    demand_patchable(*experiment.patch, translation, config);
  }
}

void run_translations(const Experiment& experiment, const std::vector<PreparedTranslation>& translations,
                      const Tokenizer& tokenizer, const Engine& engine, Store& store, const Progress& progress,
                      const RunControl& control, RunOutcome& outcome) try {
  const double most_rows = control.unit_rows > 0 ? control.unit_rows : rows_of_work(engine.model().config());
  const UnitPlanner planner(control.fingerprint, most_rows, control.known_in(store));
  UnitRunner runner(store, engine.model(), planner, control, outcome);
  const std::filesystem::path scratch = store.folder() / kScratch;
  std::error_code ignored;  // where it cannot be made, nothing is kept
  std::filesystem::create_directories(scratch, ignored);
  for (const PreparedTranslation& translation : translations) {
    const TranslationRun::Common common{experiment, &tokenizer, engine, planner, most_rows};
    TranslationRun(common, translation).run(store, runner, progress, control);
  }
  store.commit();
  if (outcome.failures.empty()) std::filesystem::remove_all(scratch, ignored);
} catch (const Stopped&) {
  outcome.stopped = true;
}

void count_translations(const Experiment& experiment, const std::vector<PreparedTranslation>& translations,
                        const Engine& engine, const Store& store, const RunControl& control, UnitCount& count) {
  const double most_rows = control.unit_rows > 0 ? control.unit_rows : rows_of_work(engine.model().config());
  const UnitPlanner planner(control.fingerprint, most_rows, control.known_in(store));
  for (const PreparedTranslation& translation : translations) {
    const TranslationRun::Common common{experiment, nullptr, engine, planner, most_rows};
    TranslationRun(common, translation).count(count);
  }
}

std::vector<TranslationPlan> plan_translations(const Experiment& experiment,
                                               const std::vector<PreparedTranslation>& translations,
                                               const Engine& engine) {
  const double most_rows = rows_of_work(engine.model().config());
  const UnitPlanner planner("", most_rows, {});
  std::vector<TranslationPlan> plans;
  for (const PreparedTranslation& translation : translations) {
    const TranslationRun::Common common{experiment, nullptr, engine, planner, most_rows};
    plans.push_back(TranslationRun(common, translation).plan());
  }
  return plans;
}

}  // namespace tertium
