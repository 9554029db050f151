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
#include "tertium/experiment/answers.h"
#include "tertium/experiment/notes.h"
#include "tertium/patching/direction.h"
#include "tertium/protocols/question.h"

namespace tertium {
namespace {

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
    add_score(languages[row.language][row.item], row);
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

Transfer transfer(const Answer& pivot, const Answer& other) { return tertium::transfer(pivot.right(), other.right()); }

/// `undecided` items count in accuracy alone.
LanguageSummary outcomes(const std::string& language, const Answers& pivot, const Answers& other, bool is_pivot,
                         const std::set<std::string>& undecided) {
  LanguageSummary summary{.language = language};
  std::size_t right = 0;
  for (const auto& [item, answer] : other) {
    right += answer.right();
    summary.identical_options += undecided.contains(item);
    if (is_pivot || undecided.contains(item)) continue;
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

/// A mean of what is added one by one.
struct RunningMean {
  double total = 0;
  std::size_t n = 0;
  void add(double value) { total += value, ++n; }
  double mean() const { return n > 0 ? total / static_cast<double>(n) : std::numeric_limits<double>::quiet_NaN(); }
};

std::size_t layer_index(const AlignmentRow& row) { return row.layer + (row.stream == "final_norm" ? 1 : 0); }

using AlignmentSums =
    std::map<std::string, std::vector<std::pair<RunningMean, RunningMean>>>;  // by metric, by layer: TS and TF

std::map<std::string, TransferMeans> means(const AlignmentSums& sums) {
  std::map<std::string, TransferMeans> means;
  for (const auto& [metric, layers] : sums) {
    for (const auto& [ts, tf] : layers) {
      means[metric].ts.push_back(ts.mean());
      means[metric].tf.push_back(tf.mean());
    }
  }
  return means;
}

// What rounding may move a margin by, where no self control has measured it.
constexpr double kLeastNoise = 1e-5;

/// One language's answers and the pivot's, as a direction sees them.
struct Sides {
  const Answers& pivot;
  const Answers& other;
  const Answers& at(Side side) const { return side == Side::pivot ? pivot : other; }
};

/// One patched run.
struct Trial {
  std::string item, donor;
  std::vector<double> scores;  // [n_options]
};

using Trials = std::map<std::tuple<std::string, int, std::string, int>, Trial>;  // control, block, item, draw

/// The share of the way from the recipient's margin to the donor side's that the patch went; NaN if that is no way.
double recovery(const Answer& clean, const Answer& donor_side, const Trial& trial, double noise_floor) {
  const double own = margin(clean.scores, clean.gold), way = margin(donor_side.scores, donor_side.gold) - own;
  if (!(std::abs(way) > noise_floor)) return std::numeric_limits<double>::quiet_NaN();
  return (margin(trial.scores, clean.gold) - own) / way;
}

/// What is counted of one control at one block.
struct Count {
  std::size_t changed = 0, n = 0, copied = 0, may_copy = 0;
  RunningMean recovered;

  void add(const Direction& direction, const Sides& sides, const Trial& trial, double noise_floor) {
    const Answer& clean = answer_of(sides.at(direction.recipient()), trial.item);
    const std::size_t answer = best_option(trial.scores);
    // A donor of another category is not among these answers; whether it was copied stays open.
    const Answers& answers = sides.at(direction.recipient());
    const auto donor = answers.find(trial.donor);
    const std::size_t donor_gold = donor == answers.end() ? clean.gold : donor->second.gold;
    changed += (answer == clean.gold) == direction.repairs();
    ++n;
    // Who answered so before copies nothing.
    const bool may = donor_gold != clean.gold && clean.chosen() != donor_gold;
    copied += may && answer == donor_gold;
    may_copy += may;
    const double share = recovery(clean, answer_of(sides.at(direction.donor), trial.item), trial, noise_floor);
    if (!std::isnan(share)) recovered.add(share);
  }
  Effect effect() const { return {wilson(changed, n), wilson(copied, may_copy), recovered.mean()}; }
};

/// `asked` are the controls that were to be run.
PatchTable make_table(const PatchKey& key, const Trials& trials, const std::set<std::string>& asked, const Sides& sides,
                      double noise_floor) {
  const Direction& direction = direction_named(key.direction);
  std::map<std::string, std::map<int, Count>> counts;
  std::set<std::string> items;
  std::set<std::pair<std::string, std::string>> item_controls;
  for (const auto& [which, trial] : trials) {
    const auto& [control, block, item, draw] = which;
    if (transfer(answer_of(sides.pivot, item), answer_of(sides.other, item)) != direction.pool) continue;
    counts[control][block].add(direction, sides, trial, noise_floor);
    items.insert(item);
    item_controls.emplace(item, control);
  }
  PatchTable table{.key = key, .items = items.size(), .effects = {}};
  for (const auto& [control, blocks] : counts)
    for (const auto& [block, count] : blocks) table.effects[control][block] = count.effect();
  for (const std::string& item : items)
    for (const std::string& control : asked) table.without_donor += !item_controls.contains({item, control});
  return table;
}

/// The largest change of a score where items were patched with themselves; negative if none were.
double largest_self_change(const std::vector<const PatchRow*>& rows, const Sides& sides) {
  double largest = -1;
  for (const PatchRow* row : rows) {
    if (row->control != "self") continue;
    const Answer& clean = answer_of(sides.at(direction_named(row->direction).recipient()), row->item);
    largest = std::max(largest, std::abs(row->score - clean.scores.at(row->option)));
  }
  return largest;
}

/// `rows` are those of one task, protocol and language.
std::vector<PatchTable> make_tables(const std::vector<const PatchRow*>& rows, const std::set<std::string>& asked,
                                    const Sides& sides, double noise_floor) {
  std::vector<PatchKey> order;
  std::map<PatchKey, Trials> trials;
  for (const PatchRow* row : rows) {
    const PatchKey key{row->direction, row->site, row->position, row->head, row->window};
    if (!trials.contains(key)) order.push_back(key);
    Trial& trial = trials[key][{row->control, row->layer, row->item, row->draw}];
    trial.item = row->item;
    trial.donor = row->donor;
    trial.scores.resize(answer_of(sides.other, row->item).scores.size());
    trial.scores.at(row->option) = row->score;
  }
  std::vector<PatchTable> tables;
  for (const PatchKey& key : order) tables.push_back(make_table(key, trials.at(key), asked, sides, noise_floor));
  return tables;
}

}  // namespace

StoredRows stored_rows(const Store& store) {
  return {store.info(), store.scores(), store.alignment(), store.patches()};
}

std::vector<TaskSummary> summarize(const StoredRows& rows) {
  std::string pivot = "en";
  std::set<std::string> controls;
  for (const auto& [key, value] : rows.info) {
    if (key == "pivot") pivot = value;
    if (std::istringstream names(value); key == "controls") controls = {std::istream_iterator<std::string>(names), {}};
  }
  const Grouped grouped = group_scores(rows.scores);
  const std::vector<AlignmentRow>& alignment = rows.alignment;
  const std::vector<PatchRow>& patches = rows.patches;

  std::vector<TaskSummary> summaries;
  for (const AskedTask& asked : grouped.order) {
    const auto& answers = grouped.answers.at(asked);
    if (!answers.contains(pivot)) fail("the results hold no scores of {} in the pivot language {}", asked.task, pivot);
    const Answers& pivot_answers = answers.at(pivot);
    TaskSummary summary{.task = asked.task, .protocol = asked.protocol, .pivot = pivot, .items = pivot_answers.size()};

    std::map<std::string, std::set<std::string>> undecided;  // by language: items with identical options there or in the pivot
    for (const auto& [language, of_language] : answers)
      for (const std::string& either : {pivot, language})
        undecided[language].merge(stored_identical_options(rows.info, asked.task, asked.protocol, either));

    std::map<std::string, AlignmentSums> sums;  // by language
    for (const AlignmentRow& row : alignment) {
      if (row.task != asked.task || !answers.contains(row.language) || undecided[row.language].contains(row.item))
        continue;
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
      LanguageSummary one = outcomes(language, pivot_answers, answers.at(language), language == pivot, undecided[language]);
      one.alignment = means(sums[language]);
      const std::vector<const PatchRow*>& patched = patch_rows[language];
      const Sides sides{pivot_answers, answers.at(language)};
      const double moved = largest_self_change(patched, sides);
      one.patches = make_tables(patched, controls, sides, std::max(moved, kLeastNoise));
      summary.noise_floor = std::max(summary.noise_floor, moved);
      summary.languages.push_back(std::move(one));
    }
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace tertium
