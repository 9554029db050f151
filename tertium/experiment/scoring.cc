#include "tertium/experiment/scoring.h"

#include "tertium/protocols/asking.h"

namespace tertium {
namespace {

/// A text whose last states are recorded.
struct WantedText {
  TextStates ItemRun::*member;  // where they go; null: they are the next statement's
};

/// One item's job, and how to read its result.
struct ItemJob {
  Job job;
  AskedStrands asked;
  std::vector<WantedText> texts;
};

void want(ItemJob& item, int strand, int row, TextStates ItemRun::*member) {
  item.job.recordings.push_back({strand, row, 1, Quantity::resid});
  item.job.recordings.push_back({strand, row, 1, Quantity::final_norm});
  item.texts.push_back({member});
}

int last_row(const Job& job, int strand) { return job.strands[strand].rows() - 1; }

/// Statements that differ from what is scored are texts of their own: a shared context, and each option hanging on it.
void want_own_statements(ItemJob& made, const Question& statements) {
  const int context = add_text(made.job, statements.context, made.asked);
  for (const std::vector<TokenId>& option : statements.options) {
    made.job.strands.push_back({.prefix = Prefix{context, made.job.strands[context].rows()}, .tokens = option});
    want(made, static_cast<int>(made.job.strands.size()) - 1, static_cast<int>(option.size()) - 1, nullptr);
  }
}

ItemJob make_job(const PreparedLanguage& language, std::size_t i, const Wanted& wanted) {
  const Question& question = language.questions[i];
  const bool scored_are_statements = language.statements.empty();
  ItemJob made{.job = {.name = question.name}};
  made.asked = ask(made.job, question, wanted.statements && scored_are_statements);
  if (wanted.answering) want(made, made.asked.context, question.last_row(), &ItemRun::answering);
  if (wanted.statements && scored_are_statements)
    for (const int option : made.asked.options) want(made, option, last_row(made.job, option), nullptr);
  if (wanted.statements && !scored_are_statements) want_own_statements(made, language.statements[i]);
  if (wanted.premise) {
    const int strand = add_text(made.job, language.premises[i].context, made.asked);
    want(made, strand, last_row(made.job, strand), &ItemRun::premise);
  }
  return made;
}

ItemRun read_result(const ItemJob& item, const Question& question, JobResult result) {
  ItemRun run{.scores = option_scores(question, item.asked, result)};
  for (std::size_t t = 0; t < item.texts.size(); ++t) {
    TextStates states{std::move(result.recordings[2 * t]), std::move(result.recordings[2 * t + 1])};
    if (item.texts[t].member)
      run.*item.texts[t].member = std::move(states);
    else
      run.statements.push_back(std::move(states));
  }
  return run;
}

}  // namespace

std::vector<ItemRun> run_items(const Engine& engine, const PreparedLanguage& language, const Wanted& wanted,
                               const std::function<void(std::size_t)>& progress) {
  std::vector<ItemJob> made;
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < language.items.size(); ++i) {
    made.push_back(make_job(language, i, wanted));
    jobs.push_back(std::move(made.back().job));
  }
  std::vector<ItemRun> runs(jobs.size());
  const auto done = [&](std::size_t i, JobResult result) {
    runs[i] = read_result(made[i], language.questions[i], std::move(result));
  };
  engine.run(jobs, done, progress);
  return runs;
}

}  // namespace tertium
