#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/progress_line.h"
#include "tertium/cli/wrapped.h"
#include "tertium/experiment/run_state.h"

namespace tertium {
namespace {

struct WatchOptions {
  std::string folder;
  bool once = false;
  bool json = false;
};

using Stages = std::vector<const StageSpeed*>;

/// "scoring", "alignment", "fix": what stands above a column.
std::string heading(const std::string& what) {
  const std::string lead = patching("");
  return what.starts_with(lead) ? what.substr(lead.size()) : what;
}

std::string cell(const StageState& stage) {
  switch (stage.is) {
    case StageState::Is::done:
      return "done";
    case StageState::Is::under_way:
      return fmt::format("{}/{}", stage.done, stage.of);
    case StageState::Is::not_begun:
      break;
  }
  return "-";
}

template <class Value>
void add_once(std::vector<Value>& values, const Value& value) {
  if (std::ranges::find(values, value) == values.end()) values.push_back(value);
}

/// Cells behind a first one, without spaces at the end.
std::string row(const std::string& first, const std::vector<std::string>& cells) {
  constexpr std::size_t kFirst = 12, kCell = 11;
  std::string line = "  " + printable(first, kFirst - 1);
  std::size_t end = 2 + kFirst;
  for (const std::string& one : cells) {
    line += std::string(std::max(end, code_points(line) + 1) - code_points(line), ' ') + one;
    end += kCell;
  }
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

/// A line a language, a column for what is done with it, as many as fit the terminal.
void add_table(const std::string& asked, const Stages& stages, std::vector<std::string>& lines) {
  constexpr std::size_t kMostColumns = 6;
  std::vector<std::string> all, languages;
  for (const StageSpeed* one : stages) {
    add_once(all, one->stage.what);
    add_once(languages, one->stage.language);
  }
  for (std::size_t first = 0; first < all.size(); first += kMostColumns) {
    const std::vector<std::string> columns(
        all.begin() + static_cast<std::ptrdiff_t>(first),
        all.begin() + static_cast<std::ptrdiff_t>(std::min(first + kMostColumns, all.size())));
    std::vector<std::string> heads;
    for (const std::string& what : columns) heads.push_back(printable(heading(what), 10));
    lines.push_back(printable(asked));
    lines.push_back(row("", heads));
    for (const std::string& language : languages) {
      std::vector<std::string> cells;
      for (const std::string& what : columns) {
        const auto found = std::ranges::find_if(
            stages, [&](const StageSpeed* one) { return one->stage.language == language && one->stage.what == what; });
        cells.push_back(found == stages.end() ? "" : cell((*found)->stage));
      }
      if (std::ranges::any_of(cells, [](const std::string& one) { return !one.empty(); }))
        lines.push_back(row(language, cells));
    }
  }
}

/// "xcopa loglik it: scoring 34/100, 2.3 a second, 29 s left"
std::string told(const StageSpeed& one) {
  std::string text = fmt::format("{} {}", printable(one.stage.name()), cell(one.stage));
  if (one.stage.is != StageState::Is::under_way) return text;
  if (one.per_second) text += fmt::format(", {:.{}f} items a second", *one.per_second, *one.per_second < 10 ? 1 : 0);
  if (one.seconds_left) text += fmt::format(", {} left", spelled_time(*one.seconds_left));
  return text;
}

std::string told_whole(const RunState& state, const std::string& folder) {
  switch (state.is) {
    case RunState::Is::running:
      return fmt::format("{}: runs, {}", folder, state.writer);
    case RunState::Is::finished:
      return fmt::format("{}: finished {}", folder, printable(state.finished));
    case RunState::Is::ended:
      break;
  }
  return fmt::format(
      "{}: nothing runs here, and something is missing: the run was broken off, or units of it failed; the same "
      "`tertium run` goes on",
      folder);
}

std::string several(std::size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string counted(const RunState& state) {
  std::string text = fmt::format("In all {} of {}, {}", state.stages_done(), several(state.stages.size(), "stage"),
                                 several(state.units, "unit"));
  if (state.is != RunState::Is::running || !state.seconds_left) return text;
  text += fmt::format("; {} {} left", state.unknown > 0 ? "at least" : "about", spelled_time(*state.seconds_left));
  if (state.unknown > 0)
    text += fmt::format(", besides {} whose speed is not known yet", several(state.unknown, "stage"));
  return text;
}

void add_wrapped(const std::string& text, std::size_t indent, std::vector<std::string>& lines) {
  const std::string all = wrapped(text, indent);
  for (std::size_t begin = 0; begin <= all.size();) {
    const std::size_t end = std::min(all.find('\n', begin), all.size());
    lines.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
}

void add_workers_and_failures(const RunState& state, std::vector<std::string>& lines) {
  constexpr std::size_t kShown = 3, kError = 200;
  if (state.workers.size() > 1)
    for (const WorkerState& worker : state.workers)
      lines.push_back(fmt::format("worker {}: {} in {}", printable(worker.name, 40), several(worker.units, "unit"),
                                  spelled_time(worker.seconds)));
  if (state.failed == 0) return;
  lines.push_back(fmt::format("{} failed; the next run tries again", several(state.failed, "unit")));
  for (std::size_t i = 0; i < std::min(kShown, state.failures.size()); ++i)
    add_wrapped("- " + printable(state.failures[i], kError), 2, lines);
  if (state.failures.size() > kShown) lines.push_back(fmt::format("- and {} more", state.failures.size() - kShown));
}

std::vector<std::string> picture(const RunState& state, const std::string& folder) {
  std::vector<std::string> lines, tables;
  add_wrapped(told_whole(state, folder), 2, lines);
  if (!state.started.empty())
    lines.push_back(fmt::format("{}, begun {}{}", printable(std::filesystem::path(state.model).filename().string(), 40),
                                printable(state.started, 20),
                                state.continued.empty() ? "" : ", gone on " + printable(state.continued, 20)));
  for (const StageSpeed& one : state.stages) add_once(tables, one.stage.asked);
  for (const std::string& asked : tables) {
    Stages stages;
    for (const StageSpeed& one : state.stages)
      if (one.stage.asked == asked) stages.push_back(&one);
    add_table(asked, stages, lines);
  }
  for (const StageSpeed& one : state.stages)
    if (one.stage.is == StageState::Is::under_way) add_wrapped(told(one), 2, lines);
  if (!state.stages.empty()) add_wrapped(counted(state), 2, lines);
  add_workers_and_failures(state, lines);
  return lines;
}

nlohmann::ordered_json as_json(const RunState& state) {
  using Json = nlohmann::ordered_json;
  const auto number = [](const std::optional<double>& value) { return value ? Json(*value) : Json(); };
  constexpr const char* kStates[] = {"running", "finished", "ended"};
  constexpr const char* kStages[] = {"not begun", "under way", "done"};
  Json json = {{"state", kStates[static_cast<int>(state.is)]},
               {"writer", state.writer},
               {"model", state.model},
               {"started", state.started},
               {"finished", state.finished},
               {"stages_done", state.stages_done()},
               {"units_done", state.units},
               {"units_failed", state.failed},
               {"seconds_left", number(state.seconds_left)},
               {"stages_of_unknown_speed", state.unknown},
               {"stages", Json::array()},
               {"workers", Json::array()},
               {"failures", state.failures}};
  for (const StageSpeed& one : state.stages) {
    const bool under_way = one.stage.is == StageState::Is::under_way;
    json["stages"].push_back({{"asked", one.stage.asked},
                              {"language", one.stage.language},
                              {"stage", one.stage.what},
                              {"state", kStages[static_cast<int>(one.stage.is)]},
                              {"done", under_way ? Json(one.stage.done) : Json()},
                              {"of", under_way ? Json(one.stage.of) : Json()},
                              {"per_second", number(one.per_second)},
                              {"seconds_left", number(one.seconds_left)}});
  }
  for (const WorkerState& worker : state.workers)
    json["workers"].push_back({{"worker", worker.name}, {"units", worker.units}, {"seconds", worker.seconds}});
  return json;
}

/// Shows one state after the other.
class Screen {
 public:
  explicit Screen(const WatchOptions& options) : options_(options), is_terminal_(isatty(STDOUT_FILENO) == 1) {}

  void show(const RunState& state) {
    if (options_.json)
      print_new(as_json(state).dump());
    else if (options_.once || is_terminal_)
      draw(picture(state, options_.folder));
    else
      print_changes(state);
    std::fflush(stdout);
  }

 private:
  void print_new(const std::string& line) {
    if (line != last_) fmt::print("{}\n", line);
    last_ = line;
  }

  /// In place of what it drew before; of more lines than the terminal has, the last ones.
  void draw(std::vector<std::string> lines) {
    winsize size = {};
    if (!options_.once && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 &&
        lines.size() >= size.ws_row)
      lines.erase(lines.begin(), lines.end() - (size.ws_row - 1));
    if (drawn_ > 0) fmt::print("\x1b[{}F\x1b[J", drawn_);
    for (const std::string& line : lines) fmt::print("{}\n", line);
    drawn_ = lines.size();
  }

  /// A line for each stage that is elsewhere than before, and for the whole.
  void print_changes(const RunState& state) {
    for (std::size_t i = 0; i < state.stages.size(); ++i) {
      const StageSpeed& one = state.stages[i];
      const std::string now = cell(one.stage);
      std::string& before = cells_[one.stage.name()];
      const bool is_news = before.empty() ? one.stage.is == StageState::Is::under_way : before != now;
      before = now;
      if (is_news) fmt::print("{}\n", told(one));
    }
    for (; failed_ < state.failures.size(); ++failed_)
      fmt::print("failed: {}\n", printable(state.failures[failed_], 200));
    if (state.is != RunState::Is::running || last_.empty())
      fmt::print("{}\n{}\n", told_whole(state, options_.folder), counted(state));
    last_ = "told";
  }

  const WatchOptions& options_;
  bool is_terminal_;
  std::string last_;
  std::size_t drawn_ = 0, failed_ = 0;
  std::map<std::string, std::string> cells_;  // by stage
};

void watch(const WatchOptions& options) {
  constexpr std::chrono::seconds kPause{1};
  Screen screen(options);
  for (;;) {
    const RunState state = run_state(options.folder);
    screen.show(state);
    if (options.once || state.is == RunState::Is::finished) return;
    if (state.is == RunState::Is::ended) throw Exit{1};
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

void add_watch(CLI::App& app) {
  CLI::App& command =
      add_command(app, "watch", "Follow a run from its results folder, until it ends", "tertium watch results");
  const auto options = std::make_shared<WatchOptions>();
  command.add_option("folder", options->folder, "The folder that `tertium run --out` fills")->required();
  command.add_flag("--once", options->once, "Show it once, as it is now");
  command.add_flag("--json", options->json, "One JSON object, and one more after every change");
  command.callback([options] { watch(*options); });
}

}  // namespace tertium
