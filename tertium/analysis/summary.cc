#include "tertium/analysis/summary.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <sstream>

#include "tertium/analysis/answers.h"
#include "tertium/analysis/undecided.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/patching/direction.h"

namespace tertium {
namespace {

Transfer transfer(const Answer& pivot, const Answer& other) { return tertium::transfer(pivot.right(), other.right()); }

/// By each rule, where an option's score is a sum over a text.
std::map<std::string, Rate> accuracies(const std::string& protocol, const Answers& answers) {
  std::map<std::string, Rate> rates;
  if (!protocol.starts_with(to_string(Protocol::loglik))) return rates;
  for (const ScoreRule rule : {ScoreRule::sum, ScoreRule::per_character, ScoreRule::per_byte}) {
    std::size_t right = 0;
    for (const auto& [item, answer] : answers) right += answer.right_by(rule);
    rates.emplace(accuracy_name(rule), wilson(right, answers.size()));
  }
  return rates;
}

/// `undecided` items count in accuracy alone.
LanguageSummary outcomes(const std::string& language, const AnswersOfPair& pair, bool is_pivot,
                         const std::set<std::string>& undecided) {
  LanguageSummary summary{.language = language};
  std::size_t right = 0;
  for (const auto& [item, answer] : pair.other) {
    right += answer.right();
    summary.identical_options += undecided.contains(item);
    if (is_pivot || undecided.contains(item)) continue;
    switch (transfer(answer_to(pair.pivot, item), answer)) {
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
  summary.accuracy = wilson(right, pair.other.size());
  return summary;
}

/// A mean of what is added one by one.
struct RunningMean {
  double total = 0;
  std::size_t n = 0;
  void add(double value) { total += value, ++n; }
  double mean() const { return n > 0 ? total / static_cast<double>(n) : std::numeric_limits<double>::quiet_NaN(); }
};

/// One metric at one layer.
struct LayerMeans {
  std::string stream;
  RunningMean ts, tf;
};

std::size_t layer_index(const AlignmentRow& row) {
  return static_cast<std::size_t>(row.layer) + (row.stream == "final_norm" ? 1 : 0);
}

using AlignmentMeans = std::map<std::string, std::map<std::size_t, LayerMeans>>;  // by metric, by layer

AlignmentMeans mean_alignment(const std::vector<AlignmentRow>& rows, const std::string& task,
                              const std::string& language, const AnswersOfPair& pair,
                              const std::set<std::string>& undecided) {
  AlignmentMeans means;
  for (const AlignmentRow& row : rows) {
    if (row.task != task || row.language != language || undecided.contains(row.item)) continue;
    LayerMeans& layer = means[row.metric].try_emplace(layer_index(row), LayerMeans{row.stream, {}, {}}).first->second;
    if (layer.stream != row.stream)
      fail("alignment: {} of {} {} has layer {} in two streams; the file is not as a run left it",
           printable(row.metric), printable(task), printable(language), row.layer);
    const Transfer kind = transfer(answer_to(pair.pivot, row.item), answer_to(pair.other, row.item));
    if (kind == Transfer::ts) layer.ts.add(row.value);
    if (kind == Transfer::tf) layer.tf.add(row.value);
  }
  return means;
}

std::map<std::string, TransferMeans> by_layer(const AlignmentMeans& all) {
  std::map<std::string, TransferMeans> means;
  for (const auto& [metric, layers] : all) {
    if (layers.rbegin()->first + 1 != layers.size())
      fail("alignment: {} has layer {}, but {} layers in all; the file is not as a run left it", printable(metric),
           layers.rbegin()->first, layers.size());
    for (const auto& [index, layer] : layers) {
      means[metric].ts.push_back(layer.ts.mean());
      means[metric].tf.push_back(layer.tf.mean());
    }
  }
  return means;
}

// What rounding may move a margin by, where no self control has measured it.
constexpr double kLeastNoise = 1e-5;

/// What of the run's info the summary needs.
struct Asked {
  std::string pivot = "en";
  std::set<std::string> controls;
};

Asked asked_in(const RunInfo& info) {
  Asked asked;
  for (const auto& [key, value] : info) {
    if (key == "pivot") asked.pivot = value;
    if (std::istringstream names(value); key == "controls")
      asked.controls = {std::istream_iterator<std::string>(names), {}};
  }
  return asked;
}

void add_language(const StoredRows& rows, const Asked& asked, const LanguageAnswers& of, const Answers& pivot,
                  TaskSummary& summary) {
  const AnswersOfPair pair{pivot, of.answers};
  std::set<std::string> undecided;  // items with identical options here or in the pivot
  for (const std::string& either : {asked.pivot, of.language})
    undecided.merge(undecided_items(rows.info, of.task, of.protocol, either));
  LanguageSummary one = outcomes(of.language, pair, of.language == asked.pivot, undecided);
  one.by_rule = accuracies(of.protocol, of.answers);
  one.alignment = by_layer(mean_alignment(rows.alignment, of.task, of.language, pair, undecided));
  std::vector<const PatchRow*> patched;
  for (const PatchRow& row : rows.patches)
    if (row.task == of.task && row.protocol == of.protocol && row.language == of.language) patched.push_back(&row);
  const double moved = largest_self_change(patched, pair);
  one.patches = patch_tables(patched, asked.controls, pair, std::max(moved, kLeastNoise));
  summary.noise_floor = std::max(summary.noise_floor, moved);
  summary.languages.push_back(std::move(one));
}

}  // namespace

StoredRows stored_rows(const Store& store) {
  return {store.info(), store.scores(), store.alignment(), store.patches()};
}

std::vector<TaskSummary> summarize(const StoredRows& rows) {
  const Asked asked = asked_in(rows.info);
  const std::vector<LanguageAnswers> all = answers_of(rows.scores);
  std::vector<TaskSummary> summaries;
  for (const LanguageAnswers& of : all) {
    const Answers* pivot = find_answers(all, of.task, of.protocol, asked.pivot);
    if (!pivot)
      fail("the results hold no scores of {} in the pivot language {}", printable(of.task), printable(asked.pivot));
    auto summary = std::ranges::find_if(
        summaries, [&](const TaskSummary& one) { return one.task == of.task && one.protocol == of.protocol; });
    if (summary == summaries.end())
      summary = summaries.insert(summaries.end(), {.task = of.task,
                                                   .protocol = of.protocol,
                                                   .pivot = asked.pivot,
                                                   .rule = std::string(accuracy_name(score_rule_of(of.protocol))),
                                                   .items = pivot->size(),
                                                   .languages = {}});
    add_language(rows, asked, of, *pivot, *summary);
  }
  return summaries;
}

}  // namespace tertium
