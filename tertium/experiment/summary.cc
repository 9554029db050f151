#include "tertium/experiment/summary.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>
#include <sstream>
#include <tuple>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/protocols/question.h"

namespace tertium {
namespace {

/// One item's answer in one language.
struct Answer {
  std::vector<double> scores;  // [n_options]
  std::size_t gold = 0;
  bool right() const { return best_option(scores) == gold; }
};

using Answers = std::map<std::string, Answer>;  // by item

struct AskedTask {
  std::string task, protocol;
  auto operator<=>(const AskedTask&) const = default;
};

struct Grouped {
  std::vector<AskedTask> order;                                 // as first stored
  std::map<AskedTask, std::vector<std::string>> languages;      // as first stored
  std::map<AskedTask, std::map<std::string, Answers>> answers;  // by language
};

Grouped group_scores(const std::vector<ScoreRow>& rows) {
  Grouped grouped;
  for (const ScoreRow& row : rows) {
    const AskedTask asked{row.task, row.protocol};
    auto& languages = grouped.answers[asked];
    if (languages.empty()) grouped.order.push_back(asked);
    if (!languages.contains(row.language)) grouped.languages[asked].push_back(row.language);
    Answer& answer = languages[row.language][row.item];
    answer.scores.resize(std::max<std::size_t>(answer.scores.size(), row.option + 1),
                         -std::numeric_limits<double>::infinity());
    answer.scores[row.option] = row.score;
    if (row.is_gold) answer.gold = row.option;
  }
  return grouped;
}

/// The answer to an item that another row speaks of.
const Answer& answer_of(const Answers& answers, const std::string& item) {
  const auto found = answers.find(item);
  if (found == answers.end())
    fail("the results hold no score of item \"{}\" in some language; are they whole?", printable(item));
  return found->second;
}

enum class Transfer { ts, tf, fs, ff };

Transfer transfer(const Answer& pivot, const Answer& other) {
  if (pivot.right()) return other.right() ? Transfer::ts : Transfer::tf;
  return other.right() ? Transfer::fs : Transfer::ff;
}

LanguageSummary outcomes(const std::string& language, const Answers& pivot, const Answers& other, bool is_pivot) {
  LanguageSummary summary{.language = language};
  std::size_t right = 0;
  for (const auto& [item, answer] : other) {
    right += answer.right();
    if (is_pivot) continue;
    switch (transfer(answer_of(pivot, item), answer)) {
      case Transfer::ts:
        ++summary.ts;
        break;
      case Transfer::tf:
        ++summary.tf;
        break;
      case Transfer::fs:
        ++summary.fs;
        break;
      case Transfer::ff:
        ++summary.ff;
        break;
    }
  }
  summary.accuracy = wilson(right, other.size());
  return summary;
}

/// Sums that become means.
struct Sum {
  double total = 0;
  std::size_t n = 0;
  void add(double value) { total += value, ++n; }
  double mean() const { return n > 0 ? total / static_cast<double>(n) : std::numeric_limits<double>::quiet_NaN(); }
};

std::size_t layer_index(const AlignmentRow& row) { return row.layer + (row.stream == "final_norm" ? 1 : 0); }

using AlignmentSums = std::map<std::string, std::vector<std::pair<Sum, Sum>>>;  // by metric, by layer: TS and TF

std::map<std::string, LanguageSummary::Means> means(const AlignmentSums& sums) {
  std::map<std::string, LanguageSummary::Means> means;
  for (const auto& [metric, layers] : sums) {
    for (const auto& [ts, tf] : layers) {
      means[metric].ts.push_back(ts.mean());
      means[metric].tf.push_back(tf.mean());
    }
  }
  return means;
}

/// Flips of one language's TF items, and what the self control moved.
struct Patched {
  std::map<std::string, std::vector<Rate>> flips;
  std::size_t items = 0;
  std::size_t without_donor = 0;
  double largest_self_change = -1;
};

/// `rows` are those of one task, protocol and language; `asked` the controls that were to be run.
Patched count_flips(const std::vector<const PatchRow*>& rows, const std::set<std::string>& asked, const Answers& pivot,
                    const Answers& other) {
  using Trial = std::tuple<std::string, int, std::string, int>;  // control, block, item, draw
  std::map<Trial, std::vector<double>> trials;
  Patched patched;
  std::set<std::string> items;
  std::set<std::pair<std::string, std::string>> item_controls;
  for (const PatchRow* row : rows) {
    const Answer& clean = answer_of(other, row->item);
    if (row->control == "self")
      patched.largest_self_change =
          std::max(patched.largest_self_change, std::abs(row->score - clean.scores.at(row->option)));
    if (transfer(answer_of(pivot, row->item), clean) != Transfer::tf) continue;
    auto& scores = trials[{row->control, row->layer, row->item, row->draw}];
    scores.resize(clean.scores.size());
    scores.at(row->option) = row->score;
    items.insert(row->item);
    item_controls.emplace(row->item, row->control);
  }
  std::map<std::string, std::vector<std::pair<std::size_t, std::size_t>>> counts;  // control → block → hits, n
  for (const auto& [trial, scores] : trials) {
    const auto& [control, block, item, draw] = trial;
    auto& blocks = counts[control];
    blocks.resize(std::max<std::size_t>(blocks.size(), block + 1));
    blocks[block].first += best_option(scores) == answer_of(other, item).gold;
    ++blocks[block].second;
  }
  for (const auto& [control, blocks] : counts)
    for (const auto& [hits, n] : blocks) patched.flips[control].push_back(wilson(hits, n));
  patched.items = items.size();
  for (const std::string& item : items)
    for (const std::string& control : asked) patched.without_donor += !item_controls.contains({item, control});
  return patched;
}

}  // namespace

std::vector<TaskSummary> summarize(const Store& store) {
  std::string pivot = "en";
  std::set<std::string> controls;
  for (const auto& [key, value] : store.info()) {
    if (key == "pivot") pivot = value;
    if (std::istringstream names(value); key == "controls") controls = {std::istream_iterator<std::string>(names), {}};
  }
  const Grouped grouped = group_scores(store.scores());
  const std::vector<AlignmentRow> alignment = store.alignment();
  const std::vector<PatchRow> patches = store.patches();

  std::vector<TaskSummary> summaries;
  for (const AskedTask& asked : grouped.order) {
    const auto& answers = grouped.answers.at(asked);
    if (!answers.contains(pivot)) fail("the results hold no scores of {} in the pivot language {}", asked.task, pivot);
    const Answers& pivot_answers = answers.at(pivot);
    TaskSummary summary{.task = asked.task, .protocol = asked.protocol, .pivot = pivot, .items = pivot_answers.size()};

    std::map<std::string, AlignmentSums> sums;  // by language
    for (const AlignmentRow& row : alignment) {
      if (row.task != asked.task || !answers.contains(row.language)) continue;
      auto& layers = sums[row.language][row.metric];
      layers.resize(std::max(layers.size(), layer_index(row) + 1));
      const Transfer kind = transfer(answer_of(pivot_answers, row.item), answer_of(answers.at(row.language), row.item));
      if (kind == Transfer::ts) layers[layer_index(row)].first.add(row.value);
      if (kind == Transfer::tf) layers[layer_index(row)].second.add(row.value);
    }
    std::map<std::string, std::vector<const PatchRow*>> patch_rows;  // by language
    for (const PatchRow& row : patches)
      if (row.task == asked.task && row.protocol == asked.protocol) patch_rows[row.language].push_back(&row);

    for (const std::string& language : grouped.languages.at(asked)) {
      LanguageSummary one = outcomes(language, pivot_answers, answers.at(language), language == pivot);
      one.alignment = means(sums[language]);
      const Patched patched = count_flips(patch_rows[language], controls, pivot_answers, answers.at(language));
      one.flips = patched.flips;
      one.patched = patched.items;
      one.without_donor = patched.without_donor;
      summary.noise_floor = std::max(summary.noise_floor, patched.largest_self_change);
      summary.languages.push_back(std::move(one));
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace tertium
