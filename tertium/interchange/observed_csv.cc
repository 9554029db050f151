#include "tertium/interchange/observed_csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/csv.h"

namespace tertium {
namespace {

// What rows are filed under that do not say it.
constexpr char kTask[] = "task", kProtocol[] = "answers", kSite[] = "resid_post", kPosition[] = "last",
               kDirection[] = "fix", kAnyStream[] = "resid";
constexpr int kMost = std::numeric_limits<int>::max();

std::string text_or(const JsonLine& row, std::string_view column, std::string_view absent) {
  return row.has(column) ? row.text(column) : std::string(absent);
}

int number(const JsonLine& row, std::string_view column) { return static_cast<int>(row.integer(column, 0, kMost)); }

double real(const JsonLine& row, std::string_view column) {
  const std::string& text = row.text(column);
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    fail("{}: {} is \"{}\"; it must be a number", row.where, column, printable(text));
  return value;
}

/// Items that have answers, by task, protocol and language.
using Known = std::map<TaskLanguage, std::map<std::string, Transfer>>;

void read_answers(const std::filesystem::path& file, Observations& observations, Known& known) {
  std::map<TaskLanguage, std::size_t> places;
  read_csv(file, [&](const JsonLine& row) {
    const TaskLanguage of{text_or(row, "task", kTask), text_or(row, "protocol", kProtocol), row.text("language")};
    const auto [place, is_new] = places.insert({of, observations.languages.size()});
    if (is_new) observations.languages.push_back({of, false, {}});
    PairedAnswer answer{.item = row.text("item"), .unit = text_or(row, "unit", row.text("item"))};
    answer.pivot_right = row.integer("correct_pivot", 0, 1) == 1;
    answer.right = row.integer("correct", 0, 1) == 1;
    if (!known[of].insert({answer.item, answer.transfer()}).second)
      fail("{}: item \"{}\" of {} is there already", row.where, printable(answer.item), printable(of.language));
    observations.languages[place->second].answers.push_back(answer);
  });
}

/// The alignment of an item does not depend on a protocol: any will do.
bool is_answered(const Known& known, const std::string& task, const std::string& language, const std::string& item) {
  return std::ranges::any_of(known, [&](const auto& one) {
    return one.first.task == task && one.first.language == language && one.second.contains(item);
  });
}

void read_alignment(const std::filesystem::path& file, const Known& known, Observations& observations) {
  std::map<std::tuple<std::string, std::string, std::string, std::string, int>, std::size_t> places;
  read_csv(file, [&](const JsonLine& row) {
    const std::string task = text_or(row, "task", kTask), &language = row.text("language"), &item = row.text("item");
    if (!is_answered(known, task, language, item))
      fail("{}: item \"{}\" of {} has no answer", row.where, printable(item), printable(language));
    const std::string stream = text_or(row, "stream", kAnyStream);
    const int layer = number(row, "layer");
    const auto [place, is_new] =
        places.insert({{task, language, row.text("metric"), stream, layer}, observations.alignment.size()});
    if (is_new) observations.alignment.push_back({task, language, row.text("metric"), stream, layer, {}});
    if (!observations.alignment[place->second].values.insert({item, real(row, "value")}).second)
      fail("{}: item \"{}\" of {} has {} at layer {} already", row.where, printable(item), printable(language),
           printable(row.text("metric")), layer);
  });
}

void read_flips(const std::filesystem::path& file, const Known& known, Observations& observations) {
  std::map<std::tuple<TaskLanguage, PatchKey, int, std::string>, std::size_t> places;
  std::set<std::tuple<std::size_t, std::string, int>> draws;
  read_csv(file, [&](const JsonLine& row) {
    const TaskLanguage of{text_or(row, "task", kTask), text_or(row, "protocol", kProtocol), row.text("language")};
    const PatchKey key{text_or(row, "direction", kDirection), text_or(row, "site", kSite),
                       text_or(row, "position", kPosition)};
    const std::string& item = row.text("item");
    if (!known.contains(of) || !known.at(of).contains(item))
      fail("{}: item \"{}\" of {} has no answer", row.where, printable(item), printable(of.language));
    if (known.at(of).at(item) != direction_named(key.direction).pool)
      fail("{}: item \"{}\" of {} is {}, but {} asks about {}", row.where, printable(item), printable(of.language),
           to_string(known.at(of).at(item)), key.direction, to_string(direction_named(key.direction).pool));
    const int layer = number(row, "layer");
    const auto [place, is_new] = places.insert({{of, key, layer, row.text("control")}, observations.patches.size()});
    if (is_new) observations.patches.push_back({of, key, layer, row.text("control"), {}});
    if (!draws.insert({place->second, item, number(row, "draw")}).second)
      fail("{}: draw {} of item \"{}\" under {} at layer {} is there already", row.where, row.text("draw"),
           printable(item), printable(row.text("control")), layer);
    DrawCounts& counts = observations.patches[place->second].items[item];
    ++counts.draws;
    counts.changed += static_cast<std::uint32_t>(row.integer("flip", 0, 1));
  });
}

}  // namespace

Observations read_observed(const ObservedFiles& files) {
  Observations observations;
  Known known;
  read_answers(files.answers, observations, known);
  if (!files.alignment.empty()) read_alignment(files.alignment, known, observations);
  if (!files.flips.empty()) read_flips(files.flips, known, observations);
  return observations;
}

}  // namespace tertium
