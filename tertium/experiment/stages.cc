#include "tertium/experiment/stages.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "tertium/base/text.h"
#include "tertium/experiment/units.h"

namespace tertium {
namespace {

constexpr std::string_view kStage = "stage ";
constexpr std::string_view kPlanned = "not begun", kWaiting = "waits for answers", kDone = "done", kOf = " of ",
                           kUnits = " units";
constexpr std::string_view kOfCorpora = "parallel ";  // of corpora
constexpr std::string_view kFinished = "finished";    // the time at which a run was

/// What a key and its value say; a value that no run writes is one of a stage under way.
StageState stage_state(std::string_view name, std::string_view value) {
  StageState stage;
  const std::size_t colon = std::min(name.rfind(": "), name.size());
  const std::size_t space = std::min(name.substr(0, colon).rfind(' '), colon);
  stage.asked = name.substr(0, space);
  stage.language = name.substr(std::min(space + 1, colon), colon - std::min(space + 1, colon));
  stage.what = name.substr(std::min(colon + 2, name.size()));
  stage.waits = value == kWaiting;
  if (value == kPlanned || stage.waits) return stage;
  stage.is = value == kDone ? StageState::Is::done : StageState::Is::under_way;
  const auto number = [&](std::size_t& into) {
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), into);
    value.remove_prefix(static_cast<std::size_t>(end - value.data()));
  };
  number(stage.done);
  value.remove_prefix(std::min(value.size(), kOf.size()));
  number(stage.of);
  stage.counts_units = value == kUnits;
  return stage;
}

void file_stage(Store& store, const std::string& name, const std::string& state) {
  store.set_info(std::string(kStage) + name, state);
}

/// How far a stage is: the more, the further.
int rank_of(std::string_view state) { return state == kDone ? 3 : state == kPlanned ? 0 : state == kWaiting ? 1 : 2; }

/// Whether a unit belongs to a stage. Units of alignment are of no protocol, but their stage bears the name of one.
bool is_of(const std::string& stage, const UnitRow& unit) {
  if (unit.task.starts_with(kOfCorpora)) return stage.starts_with(fmt::format("{} {}: ", unit.task, unit.language));
  const std::string what = unit.stage == kPatched ? patching(unit.direction) : unit.stage;
  if (!unit.protocol.empty())
    return stage == fmt::format("{} {} {}: {}", unit.task, unit.protocol, unit.language, what);
  return stage.starts_with(unit.task + " ") && stage.ends_with(fmt::format(" {}: {}", unit.language, what));
}

}  // namespace

std::string stage_name(const TaskSpec& task, const std::string& language, std::string_view what) {
  return fmt::format("{} {} {}: {}", task.name, task.stored_protocol(), language, what);
}

std::string patching(const std::string& direction) { return "patching, " + direction; }

void plan_stages(Store& store, const Experiment& experiment, const std::vector<PreparedTask>& tasks,
                 const std::vector<PreparedCorpus>& corpora, const std::vector<PreparedTranslation>& translations,
                 const std::vector<std::string>& others) {
  std::set<std::string> aligned, known;
  for (const auto& [key, value] : store.info()) known.insert(key);
  for (const PreparedTask& task : tasks) {
    const auto plan = [&](const PreparedLanguage& language, std::string_view what) {
      const std::string name = stage_name(task.spec, language.language, what);
      if (!known.contains(std::string(kStage) + name)) file_stage(store, name, std::string(kPlanned));
    };
    const bool align = !experiment.metrics.empty() && aligned.insert(task.spec.name).second;
    plan(task.pivot, kScoring);
    if (experiment.ablate) plan(task.pivot, kAblating);
    for (const PreparedLanguage& language : task.others) {
      plan(language, kScoring);
      if (align) plan(language, kAligning);
      if (experiment.ablate) plan(language, kAblating);
      if (experiment.repair) plan(language, kRepairing);
      if (!experiment.patch) continue;
      for (const std::string& direction : experiment.patch->directions) plan(language, patching(direction));
    }
  }
  const auto plan_all = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names)
      if (!known.contains(std::string(kStage) + name)) file_stage(store, name, std::string(kPlanned));
  };
  for (const PreparedCorpus& corpus : corpora) plan_all(corpus_stages(corpus));
  for (const PreparedTranslation& translation : translations) plan_all(translation_stages(translation, experiment));
  plan_all(others);
}

void forget_stages(Store& store) {
  for (const auto& [key, value] : store.info())
    if (key.starts_with(kStage)) store.set_info(key, std::string(kPlanned));
}

void put_off(Store& store, const std::string& stage) { file_stage(store, stage, std::string(kWaiting)); }

bool some_wait(const RunInfo& info) {
  return std::ranges::any_of(
      info, [](const auto& entry) { return entry.first.starts_with(kStage) && entry.second == kWaiting; });
}

void forget_open_units(Store& store) {
  for (const UnitRow& unit : store.units())
    if (unit.state == kUnitOpen) store.remove_unit(unit.id);
}

void take_stages(Store& store, const std::vector<RunInfo>& workers) {
  std::map<std::string, std::string> furthest;
  for (const RunInfo& info : workers)
    for (const auto& [key, state] : info) {
      if (!key.starts_with(kStage)) continue;
      const auto found = furthest.try_emplace(key, state).first;
      if (rank_of(state) > rank_of(found->second)) found->second = state;
    }
  for (const auto& [key, state] : furthest) store.set_info(key, state);
}

bool settle_stages(Store& store) {
  const std::vector<UnitRow> units = store.units();
  bool all_done = true;
  for (const auto& [key, state] : store.info()) {
    if (!key.starts_with(kStage)) continue;
    const std::string stage = key.substr(kStage.size());
    std::size_t done = 0, all = 0;
    std::map<std::string, int> ties;  // by metric
    for (const UnitRow& unit : units) {
      if (!is_of(stage, unit)) continue;
      ++all;
      done += unit.state == kUnitDone;
      if (unit.stage == kAligning && !unit.task.starts_with(kOfCorpora)) ties[unit.part] += unit.ties;
    }
    const bool ends = done == all && (state == kDone || (rank_of(state) == rank_of("") && all > 0));
    if (ends) file_stage(store, stage, std::string(kDone));
    if (done < all) file_stage(store, stage, fmt::format("{}{}{}{}", done, kOf, all, kUnits));
    for (const auto& [metric, count] : ties)
      if (ends)
        store.set_info(fmt::format("ties {} {}", stage.substr(0, stage.rfind(": ")), metric), std::to_string(count));
    all_done &= ends;
  }
  return all_done;
}

Stage::Stage(std::string name, std::size_t total, Store& store, const Progress& progress, Filed filed)
    : name_(std::move(name)), total_(total), store_(store), progress_(progress), filed_(filed) {
  progress_(name_, 0, total_);
}

void Stage::reached(std::size_t done) const { progress_(name_, done, total_); }

void Stage::commit(std::size_t done) {
  file(fmt::format("{}{}{}", done, kOf, total_));
  reached(done);
}

void Stage::end() { file(std::string(kDone)); }

void Stage::file(const std::string& state) {
  if (filed_ == Filed::yes) file_stage(store_, name_, state);
  store_.commit();
}

std::string StageState::name() const { return fmt::format("{} {}: {}", asked, language, what); }

std::vector<StageState> stage_states(const RunInfo& info) {
  std::vector<StageState> stages;
  for (const auto& [key, value] : info)
    if (key.starts_with(kStage)) stages.push_back(stage_state(std::string_view(key).substr(kStage.size()), value));
  return stages;
}

Completeness completeness(const RunInfo& info) {
  Completeness found;
  for (const auto& [key, value] : info) found.finished |= key == kFinished;
  for (const StageState& stage : stage_states(info)) {
    if (stage.is == StageState::Is::done) continue;
    found.missing.push_back(
        stage.is == StageState::Is::under_way
            ? fmt::format("{} ({} of {}{})", stage.name(), stage.done, stage.of, stage.counts_units ? kUnits : "")
            : stage.name() + (stage.waits ? fmt::format(" ({})", kWaiting) : ""));
  }
  return found;
}

std::string told(const Completeness& completeness, const std::optional<std::string>& writer) {
  if (completeness.finished) return {};
  constexpr std::size_t kShown = 8;
  std::string text = writer ? fmt::format("This run still goes on, {}. What follows is of a part.\n", *writer)
                            : "This run has not finished; the same `tertium run` goes on with it.\n"
                              "What follows is of a part.\n";
  for (std::size_t i = 0; i < std::min(kShown, completeness.missing.size()); ++i)
    text += fmt::format("  missing: {}\n", printable(completeness.missing[i]));
  if (completeness.missing.size() > kShown)
    text += fmt::format("  and {} more; tertium show --json lists all\n", completeness.missing.size() - kShown);
  return text;
}

}  // namespace tertium
