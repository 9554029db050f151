#include "tertium/experiment/run.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/item_keys.h"
#include "tertium/experiment/language_states.h"
#include "tertium/experiment/lineup.h"
#include "tertium/experiment/lineup_units.h"
#include "tertium/experiment/means_files.h"
#include "tertium/experiment/notes.h"
#include "tertium/experiment/patch.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/unit_runner.h"
#include "tertium/experiment/units.h"
#include "tertium/metrics/corpus.h"
#include "tertium/metrics/metric.h"
#include "tertium/model/config.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"
#include "tertium/store/store.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

std::vector<const Metric*> metrics_of(const Experiment& experiment) {
  std::vector<const Metric*> metrics;
  for (const std::string& name : experiment.metrics) metrics.push_back(&metric_named(name));
  return metrics;
}

Wanted states_wanted(const std::vector<const Metric*>& metrics) {
  Wanted wanted;
  for (const Metric* metric : metrics) {
    wanted.statements |= metric->of_item != nullptr;
    wanted.premise |= metric->of_pair != nullptr;
  }
  return wanted;
}

std::vector<std::string> ids_of(const PreparedLanguage& language) {
  std::vector<std::string> ids;
  for (const Item& item : language.items) ids.push_back(item.id);
  return ids;
}

std::vector<std::size_t> members_of(const Work& work) {
  std::vector<std::size_t> members(work.count);
  std::iota(members.begin(), members.end(), work.first);
  return members;
}

Demand scoring_demand(const TaskSpec& task, const PreparedLanguage& language, const ItemKeys& keys) {
  return {.series = {task.name, task.stored_protocol(), language.language, std::string(kScoring), ""},
          .parts = {""},
          .members = ids_of(language),
          .key = [&keys = keys](std::size_t, std::size_t i) { return keys.asked[i]; },
          .cost = [&language = language](std::size_t i,
                                         const auto&) { return static_cast<double>(rows_of(language.questions[i])); }};
}

/// Of metrics of items, or of those of all items together. Alignment depends on no protocol.
Demand alignment_demand(const PreparedTask& task, const PreparedLanguage& language, const ItemKeys& pivot,
                        const ItemKeys& own, const std::vector<const Metric*>& metrics, bool of_corpus) {
  Demand demand{.series = {task.spec.name, "", language.language, std::string(kAligning), ""},
                .parts = {},
                .members = ids_of(language)};
  for (const Metric* metric : metrics)
    if ((metric->of_pair != nullptr) == of_corpus) demand.parts.emplace_back(metric->name);
  demand.key = [&pivot = pivot, &own = own](std::size_t, std::size_t i) {
    return Hasher().add(pivot.texts[i]).add(own.texts[i]).hex();
  };
  demand.cost = [&task = task, &language = language](std::size_t i, const auto&) {
    return static_cast<double>(rows_of(task.pivot.questions[i]) + rows_of(language.questions[i]));
  };
  demand.together = of_corpus;
  return demand;
}

/// The answers of a language, if all are stored.
std::optional<RightAnswers> stored_answers(const Store& store, const TaskSpec& task, const PreparedLanguage& language) {
  std::map<std::string, std::map<int, double>> scores;
  for (const ScoreRow& row : store.scores(task.name, language.language, task.stored_protocol()))
    scores[row.item][row.option] = row.score;
  RightAnswers right;
  for (std::size_t i = 0; i < language.items.size(); ++i) {
    const auto found = scores.find(language.items[i].id);
    if (found == scores.end() || found->second.size() != language.questions[i].options.size()) return std::nullopt;
    std::vector<double> of_options;
    for (const auto& [option, score] : found->second) of_options.push_back(score);
    right.push_back(best_option(compared(language.questions[i], of_options)) == language.items[i].gold);
  }
  return right;
}

using TextKey = std::pair<std::string, std::string>;  // language and item

/// What the items of a language say, so that results can be read without the files.
void store_texts(Store& store, const TaskSpec& task, const PreparedLanguage& language, const std::set<TextKey>& known) {
  for (const Item& item : language.items) {
    if (known.contains({language.language, item.id})) continue;
    store.add(TextRow{task.name, language.language, item.id, -1, item.statement_context});
    for (std::size_t k = 0; k < item.statement_options.size(); ++k)
      store.add(TextRow{task.name, language.language, item.id, static_cast<int>(k), item.statement_options[k]});
  }
}

/// What rows about items can be grouped by, and their texts.
void store_items(Store& store, const PreparedTask& task) {
  std::set<std::string> known;
  for (const ItemRow& row : store.items())
    if (row.task == task.spec.name) known.insert(row.item);
  const std::string shared(task_named(task.spec.name).shares);
  std::map<std::string, std::string> units;  // by the text that is shared, the first item's id
  for (const Item& item : task.pivot.items) {
    const std::string& unit =
        shared.empty() ? item.id : units.try_emplace(item.fields.at(shared), item.id).first->second;
    if (!known.contains(item.id)) store.add(ItemRow{task.spec.name, item.id, item.category, unit});
  }
  std::set<TextKey> told;
  for (const TextRow& row : store.texts())
    if (row.task == task.spec.name) told.emplace(row.language, row.item);
  store_texts(store, task.spec, task.pivot, told);
  for (const PreparedLanguage& language : task.others) store_texts(store, task.spec, language, told);
}

/// A task whose units are planned, and run where that is asked for.
class TaskRun {
 public:
  struct Common {
    const Experiment& experiment;
    const Engine& engine;
    Store& store;
    const Progress& progress;
    const RunControl& control;
    const UnitPlanner& planner;
    UnitRunner& runner;
    const std::vector<const Metric*>& metrics;
    const PatchMenu* menu;
    const std::filesystem::path& scratch;  // empty where states find no room
    double most_rows;
  };

  TaskRun(const Common& common, const PreparedTask& task, bool align)
      : common_(common), task_(task), align_(align && !common.metrics.empty()) {
    keys_.emplace(&task.pivot, keys_of(task.pivot));
  }

  void run() {
    const bool pivot_done = score(task_.pivot);
    store_notes(common_.store, task_);
    for (const PreparedLanguage& language : task_.others) {
      const bool done = score(language);
      if (align_) align(language);
      if (common_.menu) patch(language, pivot_done && done);
      forget(language);
    }
    forget(task_.pivot);
  }

  /// Without running anything.
  void count(UnitCount& count) {
    const auto add = [&](const WorkPlan& plan) {
      count.done += plan.done;
      count.all += plan.done + plan.to_do;
    };
    const auto scoring = [&](const PreparedLanguage& language) {
      add(common_.planner.plan(scoring_demand(task_.spec, language, keys(language))));
    };
    scoring(task_.pivot);
    for (const PreparedLanguage& language : task_.others) {
      scoring(language);
      if (align_) add(common_.planner.plan(items_demand(language))), add(common_.planner.plan(corpus_demand(language)));
      if (!common_.menu) continue;
      const auto pivot_right = stored_answers(common_.store, task_.spec, task_.pivot),
                 right = stored_answers(common_.store, task_.spec, language);
      if (!pivot_right || !right) {
        count.open.push_back(run_key(task_.spec, language));
        continue;
      }
      const LanguagePair pair{task_.pivot, language, *pivot_right, *right};
      for (const std::string& name : common_.menu->spec.directions) {
        const Lineup lineup = line_up(common_.menu->spec, direction_named(name), pair);
        add(common_.planner.plan(units_of(pair, lineup).patches()));
      }
    }
  }

 private:
  const Config& config() const { return common_.engine.model().config(); }

  const ItemKeys& keys(const PreparedLanguage& language) {
    auto found = keys_.find(&language);
    if (found == keys_.end()) found = keys_.emplace(&language, keys_of(language)).first;
    return found->second;
  }

  LanguageStates& states(const PreparedLanguage& language) {
    std::unique_ptr<LanguageStates>& states = states_[&language];
    if (!states) {
      const std::string name = Hasher().add(task_.spec.name).add(language.language).hex().substr(0, 16) + ".states";
      std::vector<std::string> all = keys(language).texts;
      const Wanted wanted = states_wanted(common_.metrics);
      for (std::string& key : all)
        key = Hasher()
                  .add(common_.control.fingerprint)
                  .add(key)
                  .add(std::int64_t{wanted.statements})
                  .add(std::int64_t{wanted.premise})
                  .hex();
      states = std::make_unique<LanguageStates>(common_.engine, language, all, wanted,
                                                common_.scratch.empty() ? "" : common_.scratch / name);
    }
    return *states;
  }

  /// What is not asked for again.
  void forget(const PreparedLanguage& language) {
    if (const auto found = states_.find(&language); found != states_.end()) found->second->remove();
    states_.erase(&language);
    keys_.erase(&language);
  }

  Stage stage(const PreparedLanguage& language, std::string_view what, std::size_t total,
              Stage::Filed filed = Stage::Filed::yes) const {
    return {stage_name(task_.spec, language.language, what), total, common_.store, common_.progress, filed};
  }

  /// Whether all items have scores now.
  bool score(const PreparedLanguage& language) {
    const Demand demand = scoring_demand(task_.spec, language, keys(language));
    Stage stage = this->stage(language, kScoring, language.items.size());
    const Wanted wanted = align_ ? states_wanted(common_.metrics) : Wanted{};
    const auto compute = [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached) {
      std::size_t done = 0;
      run_some(common_.engine, language, members_of(work), wanted, [&](std::size_t i, const ItemRun& run) {
        tally.rows[0] += store_scores(language, i, run.scores);
        if (align_) states(language).keep(i, run);
        reached(++done);
      });
    };
    const bool whole = common_.runner.run(demand, common_.planner.plan(demand), stage, compute);
    if (whole) stage.end();
    return whole;
  }

  int store_scores(const PreparedLanguage& language, std::size_t i, const std::vector<double>& scores) const {
    const Item& item = language.items[i];
    const Question& question = language.questions[i];
    for (std::size_t k = 0; k < scores.size(); ++k) {
      const TextLength length = length_of(question.option_texts[k]);
      common_.store.add(ScoreRow{task_.spec.name, language.language, item.id, task_.spec.stored_protocol(),
                                 static_cast<int>(k), scores[k], static_cast<int>(question.scored_tokens(k)),
                                 k == item.gold, length.characters, length.bytes});
    }
    return static_cast<int>(scores.size());
  }

  // ---- alignment: at every stream index and behind the final norm

  Demand items_demand(const PreparedLanguage& language) {
    return alignment_demand(task_, language, keys(task_.pivot), keys(language), common_.metrics, false);
  }
  Demand corpus_demand(const PreparedLanguage& language) {
    return alignment_demand(task_, language, keys(task_.pivot), keys(language), common_.metrics, true);
  }

  void add_alignment(const PreparedLanguage& language, std::size_t item, const std::string& metric, std::size_t index,
                     const Measured& measured, std::size_t part, Tally& tally) const {
    const std::size_t blocks = config().layers.size();
    common_.store.add(AlignmentRow{task_.spec.name, language.language, language.items[item].id, metric,
                                   index > blocks ? "final_norm" : "resid", static_cast<int>(std::min(index, blocks)),
                                   measured.value});
    ++tally.rows[part];
    tally.ties[part] += measured.tie;
  }

  void align(const PreparedLanguage& language) {
    Stage stage = this->stage(language, kAligning, language.items.size());
    const Demand items = items_demand(language), corpus = corpus_demand(language);
    const std::size_t indices = config().layers.size() + 2;
    bool whole = common_.runner.run(
        items, common_.planner.plan(items), stage, [&](const Work& work, Tally& tally, const auto& reached) {
          const std::vector<std::size_t> members = members_of(work);
          const auto pivot = states(task_.pivot).statements(members), other = states(language).statements(members);
          for (std::size_t index = 0; index < indices; ++index)
            for (std::size_t i = 0; i < members.size(); ++i) {
              const StatementCosines cosines = statement_cosines(pivot[i], other[i], index);
              for (std::size_t p = 0; p < work.parts.size(); ++p) {
                const std::string& metric = items.parts[work.parts[p]];
                add_alignment(language, members[i], metric, index, metric_named(metric).of_item(cosines), p, tally);
              }
            }
          reached(members.size());
        });
    const WorkPlan plan = common_.planner.plan(corpus);
    for (const UnitRow& old : plan.outdated) common_.store.remove_unit(old.id);
    whole &= common_.runner.run(corpus, plan, stage, [&](const Work& work, Tally& tally, const auto&) {
      align_corpus(language, corpus, work, tally);
    });
    if (!whole) return;
    file_ties(language);
    stage.end();
  }

  void align_corpus(const PreparedLanguage& language, const Demand& demand, const Work& work, Tally& tally) {
    for (const PreparedLanguage* side : {&task_.pivot, &language})
      states(*side).keep_all(common_.most_rows);
    const auto width = static_cast<std::size_t>(config().hidden);
    for (std::size_t p = 0; p < work.parts.size(); ++p) {
      const std::string& metric = demand.parts[work.parts[p]];
      // More items change what is said of the earlier ones.
      common_.store.remove_alignment(task_.spec.name, language.language, metric);
      for (std::size_t index = 0; index < config().layers.size() + 2; ++index) {
        const auto reader = [&](const PreparedLanguage& side) -> ReadState {
          return [&, index](std::size_t i, std::span<float> into) { states(side).read_premise(i, index, into); };
        };
        const std::vector<Measured> measured =
            measure_corpus(metric_named(metric), language.items.size(), width, reader(task_.pivot), reader(language));
        for (std::size_t i = 0; i < measured.size(); ++i)
          add_alignment(language, i, metric, index, measured[i], p, tally);
      }
    }
  }

  void file_ties(const PreparedLanguage& language) const {
    std::map<std::string, int> ties;
    for (const UnitRow& unit : common_.store.units())
      if (unit.stage == kAligning && unit.task == task_.spec.name && unit.language == language.language)
        ties[unit.part] += unit.ties;
    for (const auto& [metric, count] : ties)
      common_.store.set_info(fmt::format("ties {} {}", run_key(task_.spec, language), metric), std::to_string(count));
  }

  // ---- patches

  LineupUnits units_of(const LanguagePair& pair, const Lineup& lineup) {
    return {*common_.menu, task_.spec, pair, keys(task_.pivot), keys(pair.other), lineup, config().block_count()};
  }

  void patch(const PreparedLanguage& language, bool all_scored) {
    if (!all_scored) {
      common_.control.notice(run_key(task_.spec, language) + ": is not patched, since some items have no scores");
      return;
    }
    const auto pivot_right = stored_answers(common_.store, task_.spec, task_.pivot),
               right = stored_answers(common_.store, task_.spec, language);
    if (!pivot_right || !right)
      fail("{}: {} has not a score of every option; it is not as a run left it, so begin anew with --force",
           common_.store.folder().string(), run_key(task_.spec, language));
    const LanguagePair pair{task_.pivot, language, *pivot_right, *right};
    for (const std::string& name : common_.menu->spec.directions) {
      const Lineup lineup = line_up(common_.menu->spec, direction_named(name), pair);
      patch(pair, lineup, units_of(pair, lineup));
    }
  }

  void patch(const LanguagePair& pair, const Lineup& lineup, const LineupUnits& units) {
    const std::string direction(lineup.direction->name);
    const Demand demand = units.patches();
    const WorkPlan plan = common_.planner.plan(demand);
    // Where items are added, some controls draw other donors: those rows give way to new ones.
    for (const UnitRow& old : plan.outdated)
      if (std::ranges::find(demand.members, old.first_item) != demand.members.end()) common_.store.remove_unit(old.id);
    if (!plan.works.empty()) tell_shortages(run_key(task_.spec, pair.other), lineup);
    MeansPair means;
    if (std::ranges::any_of(plan.works, [&](const Work& work) { return units.take_means(work.parts); }) &&
        !average(pair, lineup, units, means))
      return;
    Stage stage = this->stage(pair.other, patching(direction), lineup.recipients.size());
    const auto compute = [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached) {
      if (common_.planner.knows_any())
        for (const PatchSlice& slice : units.slices_of(work))
          for (const std::size_t member : members_of(work)) common_.store.remove_patches(slice, demand.members[member]);
      const LineupUnits::Runs all = units.runs_of(work);
      const CleanActivations clean(common_.engine, *common_.menu, pair, givers_of(lineup, all.runs));
      auto part = all.part.begin();
      const auto answered = [&](const PatchedRun& patched, const std::vector<double>& scores) {
        tally.rows[*part++] += store_patch(pair.other, direction, patched, scores);
      };
      run_patches(common_.engine, *common_.menu, lineup, pair, all.runs, clean.all(), means, answered, reached);
    };
    if (common_.runner.run(demand, plan, stage, compute)) stage.end();
  }

  int store_patch(const PreparedLanguage& language, const std::string& direction, const PatchedRun& patched,
                  const std::vector<double>& scores) const {
    const Site site = patched.place->site;
    for (std::size_t k = 0; k < scores.size(); ++k)
      common_.store.add(PatchRow{task_.spec.name, language.language, language.items[patched.recipient].id,
                                 task_.spec.stored_protocol(), direction, std::string(info(site.kind).name), site.block,
                                 common_.menu->spec.positions[patched.place->position], patched.control->name,
                                 patched.draw, language.items[patched.donor].id, static_cast<int>(k), scores[k],
                                 site.head, patched.place->window});
    return static_cast<int>(scores.size());
  }

  /// The sums that some controls need; false if some could not be made.
  bool average(const LanguagePair& pair, const Lineup& lineup, const LineupUnits& units, MeansPair& means) {
    const MeansFiles files(common_.store.folder() / kScratch);
    Demand demand = units.means();
    demand.is_kept = [&](const std::string& id) { return files.has(id); };
    const WorkPlan plan = common_.planner.plan(demand);
    Stage stage = this->stage(pair.other, fmt::format("means, {}", lineup.direction->name), demand.members.size(),
                              Stage::Filed::no);
    const auto compute = [&](const Work& work, Tally&, const auto& reached) {
      Givers givers;
      std::vector<std::size_t> items;
      for (const std::size_t member : members_of(work)) items.push_back(lineup.averaged[member]);
      givers.pivot.insert(items.begin(), items.end());
      givers.other = givers.pivot;
      const CleanActivations clean(common_.engine, *common_.menu, pair, givers);
      files.write(work.ids.front(), means_over(*common_.menu, clean.all(), items));
      reached(items.size());
    };
    if (!common_.runner.run(demand, plan, stage, compute)) return false;
    std::map<std::size_t, std::string> ids(plan.finished.begin(), plan.finished.end());
    for (const Work& work : plan.works) ids.emplace(work.first, work.ids.front());
    for (const auto& [first, id] : ids) {
      const MeansPair more = files.read(id);
      means.pivot.add(more.pivot);
      means.other.add(more.other);
    }
    return true;
  }

  /// Tells of items that a direction leaves out and of pools too small for a control, before it runs.
  void tell_shortages(const std::string& key, const Lineup& lineup) const {
    const std::string name = fmt::format("{} {}", key, lineup.direction->name);
    for (const auto& [position, count] : lineup.lacking) {
      common_.store.set_info(fmt::format("lacking {} {}", name, position), std::to_string(count));
      common_.control.notice(
          fmt::format("{}: {} of {} items are not patched at {}, which they or their counterparts lack", name, count,
                      lineup.recipients.size(), position));
    }
    for (const auto& [control, count] : lineup.short_of_donors) {
      common_.store.set_info(fmt::format("few_donors {} {}", name, control), std::to_string(count));
      common_.control.notice(
          fmt::format("{}: {} finds fewer donors than it should for {} of {} items: too few others fit", name, control,
                      count, lineup.recipients.size()));
    }
  }

  const Common& common_;
  const PreparedTask& task_;
  const bool align_;
  std::map<const PreparedLanguage*, ItemKeys> keys_;
  std::map<const PreparedLanguage*, std::unique_ptr<LanguageStates>> states_;
};

/// Calls `with` for every task's run.
void for_each_task(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                   Store& store, const Progress& progress, const RunControl& control, RunOutcome& outcome,
                   const std::filesystem::path& scratch, const std::function<void(TaskRun&)>& with) {
  const Config& config = engine.model().config();
  const std::vector<const Metric*> metrics = metrics_of(experiment);
  std::optional<PatchMenu> menu;
  if (experiment.patch) menu.emplace(*experiment.patch, config);
  const double most_rows = control.unit_rows > 0 ? control.unit_rows : rows_of_work(config);
  const UnitPlanner planner(control.fingerprint, most_rows, store.units());
  UnitRunner runner(store, engine.model(), planner, control, outcome);
  const TaskRun::Common common{
      experiment, engine,   store, progress, control, planner, runner, metrics, menu ? &*menu : nullptr,
      scratch,    most_rows};
  std::set<std::string> aligned;  // a task that is asked in two protocols has one alignment
  for (const PreparedTask& task : tasks) {
    TaskRun run(common, task, aligned.insert(task.spec.name).second);
    with(run);
  }
}

/// Of the controls that the results hold and those that are asked for.
void file_controls(Store& store, const PatchSpec& spec) {
  std::vector<std::string> controls;
  for (const auto& [key, value] : store.info())
    if (std::istringstream names(value); key == "controls") controls = {std::istream_iterator<std::string>(names), {}};
  for (const ControlRun& control : control_runs(spec.controls, spec.doses))
    if (std::ranges::find(controls, control.name) == controls.end()) controls.push_back(control.name);
  store.set_info("controls", join(controls, " "));
}

double free_bytes(const std::filesystem::path& folder) {
  std::error_code problem;
  const std::filesystem::space_info space = std::filesystem::space(folder, problem);
  return problem ? 0 : static_cast<double>(space.available);
}

constexpr double kMebi = 1 << 20;

}  // namespace

double scratch_bytes(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Config& config) {
  const Wanted wanted = states_wanted(metrics_of(experiment));
  double most = 0;
  for (const PreparedTask& task : tasks) {
    double other = 0;
    for (const PreparedLanguage& language : task.others)
      other = std::max(other, LanguageStates::bytes(language, wanted, config));
    most = std::max(most, LanguageStates::bytes(task.pivot, wanted, config) + other);
  }
  return most;
}

void demand_room(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Config& config,
                 const std::filesystem::path& folder) {
  const double bytes = scratch_bytes(experiment, tasks, config), available = free_bytes(folder);
  if (states_wanted(metrics_of(experiment)).premise && bytes > available)
    fail(
        "{}: states for alignment take {:.0f} MiB there, and {:.0f} MiB are free; free some, ask fewer items, or leave "
        "mexat out of align.metrics",
        folder.string(), bytes / kMebi, available / kMebi);
}

RunOutcome run_experiment(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                          Store& store, const Progress& progress, const RunControl& control) {
  if (experiment.patch) {
    demand_patchable(*experiment.patch, tasks, engine.model().config());
    file_controls(store, *experiment.patch);
  }
  const std::filesystem::path folder = store.folder() / kScratch;
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  const bool fits = scratch_bytes(experiment, tasks, engine.model().config()) <= free_bytes(store.folder());
  if (!fits)
    control.notice("states for alignment find no room on that disk; they are computed again for each language");
  std::set<std::string> stored;  // a task may be asked in several protocols
  for (const PreparedTask& task : tasks)
    if (stored.insert(task.spec.name).second) store_items(store, task);
  RunOutcome outcome;
  try {
    for_each_task(experiment, tasks, engine, store, progress, control, outcome, fits ? folder : "",
                  [](TaskRun& task) { task.run(); });
    store.commit();
    if (outcome.failures.empty()) std::filesystem::remove_all(folder, ignored);
  } catch (const Stopped&) {
    outcome.stopped = true;
  }
  return outcome;
}

UnitCount count_units(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                      Store& store, const RunControl& control) {
  UnitCount count;
  RunOutcome none;
  const Progress silent = [](std::string_view, std::size_t, std::size_t) {};
  for_each_task(experiment, tasks, engine, store, silent, control, none, "", [&](TaskRun& task) { task.count(count); });
  return count;
}

std::vector<std::string> changed_items(const Experiment& experiment, const std::vector<PreparedTask>& tasks,
                                       const Store& store, const std::string& fingerprint) {
  const UnitPlanner planner(fingerprint, 1, store.units());
  const std::vector<const Metric*> metrics = metrics_of(experiment);
  std::vector<std::string> changed;
  const auto look = [&](const Demand& demand) {
    for (const UnitRow& row : planner.plan(demand).outdated)
      changed.push_back(fmt::format("{}{}{} {} of {}, items from \"{}\" on", row.task, row.protocol.empty() ? "" : " ",
                                    row.protocol, row.stage, row.language, printable(row.first_item)));
  };
  std::set<std::string> aligned;
  for (const PreparedTask& task : tasks) {
    const ItemKeys pivot = keys_of(task.pivot);
    look(scoring_demand(task.spec, task.pivot, pivot));
    const bool align = aligned.insert(task.spec.name).second;
    for (const PreparedLanguage& language : task.others) {
      const ItemKeys own = keys_of(language);
      look(scoring_demand(task.spec, language, own));
      if (align) look(alignment_demand(task, language, pivot, own, metrics, false));
    }
  }
  return changed;
}

}  // namespace tertium
