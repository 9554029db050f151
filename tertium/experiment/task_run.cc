#include "tertium/experiment/task_run.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/experiment/lens_rows.h"
#include "tertium/experiment/lineup.h"
#include "tertium/experiment/means_files.h"
#include "tertium/experiment/notes.h"
#include "tertium/experiment/patch.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/stored_answers.h"
#include "tertium/experiment/task_demands.h"
#include "tertium/experiment/told_scores.h"
#include "tertium/metrics/corpus.h"
#include "tertium/model/config.h"
#include "tertium/protocols/answer.h"
#include "tertium/store/store.h"

namespace tertium {
TaskRun::TaskRun(const Common& common, const PreparedTask& task, bool align)
    : common_(common), task_(task), align_(align && !common.metrics.empty()) {
  keys_.emplace(&task.pivot, keys_of(task.pivot));
}

void TaskRun::run() {
  const bool pivot_done = score(task_.pivot);
  store_notes(common_.store, task_);
  if (common_.experiment.ablate) ablate(task_.pivot);
  for (const PreparedLanguage& language : task_.others) {
    const bool done = score(language);
    if (align_) align(language);
    if (common_.experiment.ablate) ablate(language);
    if (common_.menu) patch(language, pivot_done && done);
    if (common_.experiment.repair) repair(language);
    forget(language);
  }
  forget(task_.pivot);
}

void TaskRun::count(UnitCount& count) {
  const auto add = [&](const Demand& demand) { count.add(common_.planner.plan(demand)); };
  add(scoring(task_.pivot));
  const auto add_ablations = [&](const PreparedLanguage& language) {
    if (!common_.experiment.ablate) return;
    auto items = ablated_items(language);
    if (!items) return count.open.push_back(run_key(task_.spec, language));
    const AblationUnits units = ablations_of(language, *std::move(items));
    add(units.demand());
    if (!units.metrics().of_corpus.empty()) add(units.corpus_demand());
  };
  add_ablations(task_.pivot);
  StoredAnswers pivot;
  if (common_.menu) pivot = stored_answers(common_.store, task_.spec, task_.pivot);
  for (const PreparedLanguage& language : task_.others) {
    add(scoring(language));
    if (align_) add(items_demand(language)), add(corpus_demand(language));
    add_ablations(language);
    if (common_.experiment.repair) add(repairs(language));
    if (!common_.menu) continue;
    const StoredAnswers own = stored_answers(common_.store, task_.spec, language);
    if (pivot.missing || own.missing) {
      count.open.push_back(run_key(task_.spec, language));
      continue;
    }
    const LanguagePair pair{task_.pivot, language, pivot.right, own.right};
    for (const std::string& name : common_.menu->spec.directions) {
      const Lineup lineup = line_up(common_.menu->spec, direction_named(name), pair);
      const LineupUnits units = units_of(pair, lineup);
      add(units.patches());
    }
  }
}

const ItemKeys& TaskRun::keys(const PreparedLanguage& language) {
  auto found = keys_.find(&language);
  if (found == keys_.end()) found = keys_.emplace(&language, keys_of(language)).first;
  return found->second;
}

LanguageStates& TaskRun::states(const PreparedLanguage& language) {
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
                                              common_.states_folder.empty() ? "" : common_.states_folder / name);
  }
  return *states;
}

LanguageActivations& TaskRun::activations(const PreparedLanguage& language) {
  std::unique_ptr<LanguageActivations>& activations = activations_[&language];
  if (!activations)
    activations = std::make_unique<LanguageActivations>(
        common_.engine, language, common_.menu->wanted(),
        LanguageActivations::Place{common_.activations_folder, common_.control.fingerprint, keys(language).asked});
  return *activations;
}

void TaskRun::forget(const PreparedLanguage& language) {
  if (const auto found = states_.find(&language); found != states_.end()) found->second->remove();
  states_.erase(&language);
  if (const auto found = activations_.find(&language); found != activations_.end()) found->second->remove();
  activations_.erase(&language);
  beginnings_.erase(&language);
  means_.erase(&language);
  keys_.erase(&language);
}

std::function<bool(std::size_t)> TaskRun::may_be_patched(const PreparedLanguage& language) const {
  if (!common_.menu) return {};
  const PatchSpec& spec = common_.menu->spec;
  const bool is_pivot = &language == &task_.pivot;
  StoredAnswers pivot;
  if (!is_pivot) pivot = stored_answers(common_.store, task_.spec, task_.pivot);
  bool pivot_right = false, pivot_wrong = false;  // what a recipient's pivot may be
  for (const std::string& name : spec.directions) {
    const Direction& direction = direction_named(name);
    if ((direction.recipient() == Side::pivot) != is_pivot) continue;
    const bool right = direction.pool == Transfer::ts || direction.pool == Transfer::tf;
    pivot_right |= right || spec.all_items;
    pivot_wrong |= !right || spec.all_items;
  }
  return [=, right = std::move(pivot.right), unknown = is_pivot || pivot.missing](std::size_t item) {
    return unknown ? pivot_right || pivot_wrong : right[item] ? pivot_right : pivot_wrong;
  };
}

Stage TaskRun::stage(const PreparedLanguage& language, std::string_view what, std::size_t total,
                     Stage::Filed filed) const {
  return {stage_name(task_.spec, language.language, what), total, common_.store, common_.progress, filed};
}

Demand TaskRun::scoring(const PreparedLanguage& language) {
  if (!common_.lens) return scoring_demand(task_.spec, language, keys(language));
  const TunedLens* tuned = common_.lens->translators();
  return scoring_and_lens_demand(task_.spec, language, keys(language), task_.pivot, tuned ? tuned->hash() : "");
}

bool TaskRun::score(const PreparedLanguage& language) {
  const Demand demand = scoring(language);
  Stage stage = this->stage(language, kScoring, language.items.size());
  TellScores told(language);
  const WorkPlan plan = common_.planner.plan(demand);
  const auto keeps_prompt = plan.works.empty() ? nullptr : may_be_patched(language);
  const auto compute = [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached) {
    const bool scores = work.parts.front() == 0, lens = work.parts.back() == 1, keep = align_ && scores;
    Wanted wanted = keep ? states_wanted(common_.metrics) : Wanted{};
    wanted.answer_stream = lens;
    const bool gives = scores && common_.menu;
    if (gives) {
      const Wanted recorded = activations(language).recorded();
      wanted.quantities = recorded.quantities, wanted.positions = recorded.positions;
    }
    std::vector<std::vector<float>> streams;
    const auto scored = [&](std::size_t i, ItemRun run) {
      if (scores) tally.rows[0] += store_scores(language, i, run.scores);
      if (scores && common_.control.shares) told.keep(i, run.scores);
      if (keep) states(language).keep(i, run);
      if (gives) activations(language).keep(i, run.activations);
      streams.push_back(std::move(run.answer_stream));
      reached(streams.size());
    };
    run_some(common_.engine, language, work.members(), wanted, scored, &beginnings_[&language], keeps_prompt);
    if (lens) tally.rows.back() = store_lens(language, work, streams);
  };
  const auto adopt = [&](const Work& work, const std::string& given, Tally& tally) {
    std::set<std::size_t> failed;
    const std::vector<std::vector<double>> scores = told.read(work, given);
    for (std::size_t m = 0; m < scores.size(); ++m) {
      if (scores[m].empty()) failed.insert(work.first + m);
      tally.rows[0] += store_scores(language, work.first + m, scores[m]);
    }
    return failed;
  };
  const Sharing sharing{Needed::by_all, [&](const Work& work) { return told.take(work); }, adopt};
  const bool whole = common_.runner.run(demand, plan, stage, compute, sharing);
  if (whole) stage.end();
  return whole;
}

int TaskRun::store_scores(const PreparedLanguage& language, std::size_t i, const std::vector<double>& scores) const {
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

int TaskRun::store_lens(const PreparedLanguage& language, const Work& work,
                        const std::vector<std::vector<float>>& streams) const {
  const std::vector<std::size_t> members = work.members();
  for (const std::size_t i : members)
    common_.store.remove_lens(task_.spec.name, language.language, task_.spec.stored_protocol(), language.items[i].id);
  const std::vector<LensRow> rows =
      lens_rows(task_, language, members, streams, common_.engine.model(), common_.lens->translators());
  for (const LensRow& row : rows) common_.store.add(row);
  return static_cast<int>(rows.size());
}

Demand TaskRun::items_demand(const PreparedLanguage& language) {
  return alignment_demand(task_, language, keys(task_.pivot), keys(language), common_.metrics, false);
}

Demand TaskRun::corpus_demand(const PreparedLanguage& language) {
  return alignment_demand(task_, language, keys(task_.pivot), keys(language), common_.metrics, true);
}

void TaskRun::add_alignment(const PreparedLanguage& language, std::size_t item, const std::string& metric,
                            std::size_t index, const Measured& measured, std::size_t part, Tally& tally) const {
  const std::size_t blocks = config().layers.size();
  common_.store.add(AlignmentRow{task_.spec.name, language.language, language.items[item].id, metric,
                                 index > blocks ? "final_norm" : "resid", static_cast<int>(std::min(index, blocks)),
                                 measured.value});
  ++tally.rows[part];
  tally.ties[part] += measured.tie;
}

void TaskRun::align(const PreparedLanguage& language) {
  Stage stage = this->stage(language, kAligning, language.items.size());
  const Demand items = items_demand(language), corpus = corpus_demand(language);
  const std::size_t indices = config().layers.size() + 2;
  bool whole = common_.runner.run(
      items, common_.planner.plan(items), stage, [&](const Work& work, Tally& tally, const auto& reached) {
        const std::vector<std::size_t> members = work.members();
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

void TaskRun::align_corpus(const PreparedLanguage& language, const Demand& demand, const Work& work, Tally& tally) {
  for (const PreparedLanguage* side : {&task_.pivot, &language}) states(*side).keep_all(common_.most_rows);
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

void TaskRun::file_ties(const PreparedLanguage& language) const {
  std::map<std::string, int> ties;
  for (const UnitRow& unit : common_.store.units())
    if (unit.stage == kAligning && unit.task == task_.spec.name && unit.language == language.language)
      ties[unit.part] += unit.ties;
  for (const auto& [metric, count] : ties)
    common_.store.set_info(fmt::format("ties {} {}", run_key(task_.spec, language), metric), std::to_string(count));
}

LineupUnits TaskRun::units_of(const LanguagePair& pair, const Lineup& lineup) {
  return {*common_.menu, task_.spec, pair, keys(task_.pivot), keys(pair.other), lineup, config().block_count()};
}

void TaskRun::patch(const PreparedLanguage& language, bool all_scored) {
  if (!all_scored) {
    common_.control.notice(run_key(task_.spec, language) + ": is not patched, since some items have no scores" +
                           (common_.control.shares ? " yet" : ""));
    for (const std::string& direction : common_.menu->spec.directions)
      put_off(common_.store, stage_name(task_.spec, language.language, patching(direction)));
    return;
  }
  const StoredAnswers pivot = stored_answers(common_.store, task_.spec, task_.pivot),
                      own = stored_answers(common_.store, task_.spec, language);
  if (pivot.missing || own.missing)
    fail("{}: {} has not a score of every option; it is not as a run left it, so begin anew with --force",
         common_.store.folder().string(), run_key(task_.spec, language));
  const LanguagePair pair{task_.pivot, language, pivot.right, own.right};
  for (const std::string& name : common_.menu->spec.directions) {
    const Lineup lineup = line_up(common_.menu->spec, direction_named(name), pair);
    patch(pair, lineup, units_of(pair, lineup));
  }
}

void TaskRun::patch(const LanguagePair& pair, const Lineup& lineup, const LineupUnits& units) {
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
        for (const std::size_t member : work.members()) common_.store.remove_patches(slice, demand.members[member]);
    const LineupUnits::Runs all = units.runs_of(work);
    const CleanActivations clean(activations(pair.pivot), activations(pair.other), givers_of(lineup, all.runs));
    auto part = all.part.begin();
    const auto answered = [&](const PatchedRun& patched, const std::vector<double>& scores, const Continued*) {
      tally.rows[*part++] += store_patch(pair.other, direction, patched, scores);
    };
    run_patches(common_.engine, *common_.menu, lineup, pair, all.runs, clean.all(), means, answered, reached,
                beginnings_[&pair.at(lineup.direction->recipient())]);
  };
  if (common_.runner.run(demand, plan, stage, compute)) stage.end();
}

int TaskRun::store_patch(const PreparedLanguage& language, const std::string& direction, const PatchedRun& patched,
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

bool TaskRun::average(const LanguagePair& pair, const Lineup& lineup, const LineupUnits& units, MeansPair& means) {
  const MeansFiles files(common_.control.shares ? common_.control.scratch : common_.store.folder() / kScratch,
                         common_.control.worker);
  Demand demand = units.means();
  demand.is_kept = [&](const std::string& id) { return files.has(id); };
  const WorkPlan plan = common_.planner.plan(demand);
  Stage stage = this->stage(pair.other, fmt::format("means, {}", lineup.direction->name), demand.members.size(),
                            Stage::Filed::no);
  const auto compute = [&](const Work& work, Tally&, const auto& reached) {
    if (files.has(work.ids.front())) return;  // another worker was here
    Givers givers;
    std::vector<std::size_t> items;
    for (const std::size_t member : work.members()) items.push_back(lineup.averaged[member]);
    givers.pivot.insert(items.begin(), items.end());
    givers.other = givers.pivot;
    const CleanActivations clean(activations(pair.pivot), activations(pair.other), givers);
    files.write(work.ids.front(), means_over(*common_.menu, clean.all(), items));
    reached(items.size());
  };
  if (!common_.runner.run(demand, plan, stage, compute, {Needed::as_files})) return false;
  std::map<std::size_t, std::string> ids(plan.finished.begin(), plan.finished.end());
  for (const Work& work : plan.works) ids.emplace(work.first, work.ids.front());
  for (const auto& [first, id] : ids) {
    const MeansPair more = files.read(id);
    means.pivot.add(more.pivot);
    means.other.add(more.other);
  }
  return true;
}

void TaskRun::tell_shortages(const std::string& key, const Lineup& lineup) const {
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

}  // namespace tertium
