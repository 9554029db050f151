#include "tertium/experiment/scoring.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "tertium/engine/engine.h"
#include "tertium/experiment/kept_intervention.h"
#include "tertium/experiment/run.h"
#include "tertium/metrics/metric.h"
#include "tertium/patching/place.h"

namespace tertium {
namespace {

void want(ItemJob& item, int strand, int row, TextStates ItemRun::*member) {
  item.job.recordings.push_back({strand, row, 1, Quantity::resid});
  item.job.recordings.push_back({strand, row, 1, Quantity::final_norm});
  item.texts.push_back(member);
}

int last_row(const Job& job, int strand) { return job.strands[strand].rows() - 1; }

/// Adds a text; it shares no rows where something is done to them.
int add_text(ItemJob& made, const std::vector<TokenId>& tokens, bool shares) {
  if (shares) return add_text(made.job, tokens, made.asked);
  made.job.strands.push_back({.tokens = tokens});
  return static_cast<int>(made.job.strands.size()) - 1;
}

/// Statements that differ from what is scored are texts of their own: a shared context, and each option hanging on it.
void want_own_statements(ItemJob& made, const Question& statements, bool shares) {
  const int context = add_text(made, statements.context, shares);
  for (const std::vector<TokenId>& option : statements.options) {
    made.job.strands.push_back({.prefix = Prefix{context, made.job.strands[context].rows()}, .tokens = option});
    want(made, static_cast<int>(made.job.strands.size()) - 1, static_cast<int>(option.size()) - 1, nullptr);
  }
}

void append(std::vector<float>& rows, std::span<const float> state) {
  rows.insert(rows.end(), state.begin(), state.end());
}

/// The states of one item's statements at one layer index, [n_options, D].
std::vector<float> statement_rows(const std::vector<TextStates>& statements, std::size_t index) {
  std::vector<float> rows;
  for (const TextStates& text : statements) append(rows, text.at(index));
  return rows;
}

}  // namespace

ItemJob item_job(const PreparedLanguage& language, std::size_t i, const Wanted& wanted) {
  const Question& question = language.questions[i];
  const bool scored_are_statements = language.statements.empty();
  ItemJob made{.job = {.name = question.name}};
  made.asked = ask(made.job, question, wanted.statements && scored_are_statements);
  if (wanted.statements && scored_are_statements)
    for (const int option : made.asked.options) want(made, option, last_row(made.job, option), nullptr);
  const bool shares = !language.intervention;
  if (wanted.statements && !scored_are_statements) want_own_statements(made, language.statements[i], shares);
  if (wanted.premise) {
    const int strand = add_text(made, language.premises[i].context, shares);
    want(made, strand, last_row(made.job, strand), &ItemRun::premise);
  }
  for (int s = 0; language.intervention && s < static_cast<int>(made.job.strands.size()); ++s)
    language.intervention->add_to(made.job, s, /*continues=*/made.job.strands[s].prefix.has_value());
  made.kept = kept_of(question, wanted);
  for (const Recording& recording : made.kept.recordings(made.asked.context)) made.job.recordings.push_back(recording);
  made.answer_stream = wanted.answer_stream;
  if (wanted.answer_stream)
    made.job.recordings.push_back({made.asked.context, last_row(made.job, made.asked.context), 1, Quantity::resid});
  return made;
}

ItemRun read_result(const ItemJob& item, const Question& question, const Config& config, JobResult result) {
  ItemRun run{.scores = option_scores(question, item.asked, result)};
  for (std::size_t t = 0; t < item.texts.size(); ++t) {
    TextStates states{std::move(result.recordings[2 * t]), std::move(result.recordings[2 * t + 1])};
    if (item.texts[t])
      run.*item.texts[t] = std::move(states);
    else
      run.statements.push_back(std::move(states));
  }
  if (item.answer_stream) {
    run.answer_stream = std::move(result.recordings.back());
    result.recordings.pop_back();
  }
  run.activations = {config, item.kept, std::span(result.recordings).subspan(2 * item.texts.size())};
  return run;
}

Kept kept_of(const Question& question, const Wanted& wanted) {
  std::set<int> rows;
  for (const std::string& position : wanted.positions)
    for (const int row : rows_named(question.positions, position)) rows.insert(row);
  return {wanted.quantities, {rows.begin(), rows.end()}};
}

void run_some(const Engine& engine, const PreparedLanguage& language, std::span<const std::size_t> items,
              const Wanted& wanted, const std::function<void(std::size_t, ItemRun)>& scored, Beginnings* beginnings,
              const std::function<bool(std::size_t)>& keeps) {
  std::vector<ItemJob> made;
  std::vector<Job> jobs;
  for (const std::size_t item : items) {
    made.push_back(item_job(language, item, wanted));
    jobs.push_back(std::move(made.back().job));
  }
  const auto done = [&](std::size_t j, JobResult result) {
    scored(items[j], read_result(made[j], language.questions[items[j]], engine.model().config(), std::move(result)));
  };
  if (beginnings)
    engine.run(
        std::move(jobs), *beginnings, [&](std::size_t j) { return keeps && keeps(items[j]); }, done);
  else
    engine.run(jobs, done);
}

std::vector<ItemRun> run_items(const Engine& engine, const PreparedLanguage& language, const Wanted& wanted,
                               const std::function<void(std::size_t, const ItemRun&)>& scored) {
  std::vector<std::size_t> all(language.items.size());
  std::iota(all.begin(), all.end(), 0);
  std::vector<ItemRun> runs(all.size());
  run_some(engine, language, all, wanted, [&](std::size_t i, ItemRun run) {
    runs[i] = std::move(run);
    if (scored) scored(i, runs[i]);
  });
  return runs;
}

StatementCosines statement_cosines(const std::vector<TextStates>& pivot, const std::vector<TextStates>& other,
                                   std::size_t index) {
  const std::vector<float> a = statement_rows(pivot, index), b = statement_rows(other, index);
  const std::size_t width = pivot.front().final_norm.size();
  return {cosines({a, width}, {b, width}), cosines({a, width}, {a, width}), cosines({b, width}, {b, width})};
}

int rows_of(const Question& question, const Question* before) {
  Job job;
  ask(job, question, /*whole_options=*/false);
  if (!before) return job.rows();
  const auto shared = std::ranges::mismatch(before->context, question.context).in2 - question.context.begin();
  return std::max(1, job.rows() - static_cast<int>(shared));
}

}  // namespace tertium
