#include "tertium/protocols/positions.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr PositionName kPositions[] = {
    {"last", "the last token of the context or prompt, which predicts the answer"},
    {"colon", "letters: the token with the prompt's last colon, as in \"Answer:\""},
    {"answer_word", "letters: the last three tokens of the prompt"},
    {"question_end", "the last token of the question"},
    {"premise_end", "the last token of the premise, story, passage or context"},
    {"option_end", "the last token of each option that the text lists"},
    {"markers", "all of the above that the text has, at once"},
    {"all", "every token, BOS included"},
    {"source_end", "translate: the token that holds the source sentence's last byte"},
    {"source", "translate: all tokens of the source sentence"},
    {"everywhere", "translate: every token of the prompt and, under mean_shift, every one behind it"},
};

constexpr int kAnswerWordTokens = 3;

/// The last row whose token stands for the byte before `end`.
std::optional<int> row_ending(const Encoding& encoding, std::size_t end) {
  for (std::size_t t = encoding.offsets.size(); end > 0 && t-- > 0;)
    if (encoding.offsets[t].begin < end && end <= encoding.offsets[t].end) return static_cast<int>(t);
  return std::nullopt;
}

/// One row for each option, ascending; empty if an option is not listed or two end in one token.
std::vector<int> option_rows(const Encoding& encoding, const std::vector<std::size_t>& ends) {
  std::set<int> rows;
  for (const std::size_t end : ends)
    if (const auto row = row_ending(encoding, end)) rows.insert(*row);
  if (rows.size() < ends.size()) return {};
  return {rows.begin(), rows.end()};
}

std::vector<int> all_rows(int first, int last) {
  std::vector<int> rows(static_cast<std::size_t>(last - first + 1));
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

}  // namespace

std::span<const PositionName> known_positions() { return kPositions; }

std::vector<std::string> position_names() {
  std::vector<std::string> names;
  for (const PositionName& position : kPositions) names.emplace_back(position.name);
  return names;
}

bool is_of_any_length(std::string_view name) { return name == "all" || name == "source" || name == "everywhere"; }

void demand_position(std::string_view name) {
  const std::vector<std::string> names = position_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const std::string near = nearest(name, names);
  fail("no position \"{}\"; {}The positions are {}", printable(name),
       near.empty() ? "" : fmt::format("did you mean \"{}\"? ", near), join(names));
}

NamedRows find_positions(const Encoding& encoding, const TextMarks& marks) {
  NamedRows positions;
  const int last = static_cast<int>(encoding.ids.size()) - 1;
  if (last < 0) return positions;
  positions["last"] = {last};
  const auto put = [&](const char* name, std::optional<std::size_t> end) {
    if (const auto row = end ? row_ending(encoding, *end) : std::nullopt) positions[name] = {*row};
  };
  put("colon", marks.colon);
  put("question_end", marks.question);
  put("premise_end", marks.premise);
  if (const auto row = marks.prompt ? row_ending(encoding, *marks.prompt) : std::nullopt)
    positions["answer_word"] = all_rows(std::max(0, *row - kAnswerWordTokens + 1), *row);
  if (std::vector<int> rows = option_rows(encoding, marks.options); !rows.empty())
    positions["option_end"] = std::move(rows);

  std::set<int> markers;
  for (const auto& [name, rows] : positions) markers.insert(rows.begin(), rows.end());
  positions["markers"] = {markers.begin(), markers.end()};
  positions["all"] = all_rows(0, last);
  return positions;
}

NamedRows without_rows(const NamedRows& positions, int first, int count) {
  NamedRows left;
  for (const auto& [name, rows] : positions) {
    std::vector<int> kept;
    for (const int row : rows)
      if (row < first || row >= first + count) kept.push_back(row < first ? row : row - count);
    const bool of_many_parts = name == "markers" || name == "all";
    if (kept.size() == rows.size() || of_many_parts) left[name] = std::move(kept);
  }
  return left;
}

}  // namespace tertium
