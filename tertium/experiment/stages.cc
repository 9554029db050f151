#include "tertium/experiment/stages.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::string_view kStage = "stage ";
constexpr std::string_view kPlanned = "not begun", kDone = "done";
constexpr std::string_view kFinished = "finished";  // the time at which a run was

void file_stage(Store& store, const std::string& name, const std::string& state) {
  store.set_info(std::string(kStage) + name, state);
}

}  // namespace

std::string stage_name(const TaskSpec& task, const std::string& language, std::string_view what) {
  return fmt::format("{} {} {}: {}", task.name, task.stored_protocol(), language, what);
}

std::string patching(const std::string& direction) { return "patching, " + direction; }

void plan_stages(Store& store, const Experiment& experiment, const std::vector<PreparedTask>& tasks,
                 const std::vector<PreparedCorpus>& corpora) {
  std::set<std::string> aligned, known;
  for (const auto& [key, value] : store.info()) known.insert(key);
  for (const PreparedTask& task : tasks) {
    const auto plan = [&](const PreparedLanguage& language, std::string_view what) {
      const std::string name = stage_name(task.spec, language.language, what);
      if (!known.contains(std::string(kStage) + name)) file_stage(store, name, std::string(kPlanned));
    };
    const bool align = !experiment.metrics.empty() && aligned.insert(task.spec.name).second;
    plan(task.pivot, kScoring);
    for (const PreparedLanguage& language : task.others) {
      plan(language, kScoring);
      if (align) plan(language, kAligning);
      if (!experiment.patch) continue;
      for (const std::string& direction : experiment.patch->directions) plan(language, patching(direction));
    }
  }
  for (const PreparedCorpus& corpus : corpora)
    for (const std::string& name : corpus_stages(corpus))
      if (!known.contains(std::string(kStage) + name)) file_stage(store, name, std::string(kPlanned));
}

Stage::Stage(std::string name, std::size_t total, Store& store, const Progress& progress, Filed filed)
    : name_(std::move(name)), total_(total), store_(store), progress_(progress), filed_(filed) {
  progress_(name_, 0, total_);
}

void Stage::reached(std::size_t done) const { progress_(name_, done, total_); }

void Stage::commit(std::size_t done) {
  file(fmt::format("{} of {}", done, total_));
  reached(done);
}

void Stage::end() { file(std::string(kDone)); }

void Stage::file(const std::string& state) {
  if (filed_ == Filed::yes) file_stage(store_, name_, state);
  store_.commit();
}

Completeness completeness(const RunInfo& info) {
  Completeness found;
  for (const auto& [key, value] : info) {
    found.finished |= key == kFinished;
    if (!key.starts_with(kStage) || value == kDone) continue;
    const std::string name = key.substr(kStage.size());
    found.missing.push_back(value == kPlanned ? name : fmt::format("{} ({})", name, value));
  }
  return found;
}

std::string told(const Completeness& completeness) {
  if (completeness.finished) return {};
  constexpr std::size_t kShown = 8;
  std::string text = "This run has not finished: it still runs, or was broken off. What follows is of a part.\n";
  for (std::size_t i = 0; i < std::min(kShown, completeness.missing.size()); ++i)
    text += fmt::format("  missing: {}\n", printable(completeness.missing[i]));
  if (completeness.missing.size() > kShown)
    text += fmt::format("  and {} more; tertium show --json lists all\n", completeness.missing.size() - kShown);
  return text;
}

}  // namespace tertium
