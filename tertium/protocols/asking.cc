#include "tertium/protocols/asking.h"

#include <algorithm>

#include "tertium/protocols/answer.h"

namespace tertium {
namespace {

/// Adds the readings of a question whose strands stand. In loglik: the first token of every option at the context's
/// last row, then the later tokens of each option at its own rows.
AskedStrands with_readings(Job& job, const Question& question, AskedStrands asked) {
  asked.first_reading = static_cast<int>(job.readings.size());
  std::vector<TokenId> first_tokens;
  for (const std::vector<TokenId>& option : question.options) first_tokens.push_back(option.front());
  const int last = job.strands[asked.context].rows() - 1;
  const Readout readout = question.protocol == Protocol::loglik ? Readout::log_probs : Readout::logits;
  job.readings.push_back({asked.context, last, readout, first_tokens});
  for (std::size_t k = 0; k < question.options.size(); ++k)
    for (int i = 1; i < static_cast<int>(question.options[k].size()); ++i)
      job.readings.push_back({asked.options[k], i - 1, readout, {question.options[k][i]}});
  return asked;
}

int add(Job& job, Strand strand) {
  job.strands.push_back(std::move(strand));
  return static_cast<int>(job.strands.size()) - 1;
}

constexpr int kNone = -1;

}  // namespace

int add_text(Job& job, const std::vector<TokenId>& tokens, const AskedStrands& like) {
  const std::vector<TokenId>& context = job.strands[like.context].tokens;
  const auto most = std::min(tokens.size() - 1, context.size());  // at least one row of its own
  const auto differ =
      std::mismatch(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(most), context.begin()).first;
  const int shared = static_cast<int>(differ - tokens.begin());
  return add(job, {.prefix = Prefix{like.context, shared}, .tokens = {differ, tokens.end()}});
}

AskedStrands ask(Job& job, const Question& question, bool whole_options) {
  AskedStrands asked{.context = add(job, {.tokens = question.context})};
  const int context_rows = static_cast<int>(question.context.size());
  for (const std::vector<TokenId>& option : question.options) {
    if (question.protocol == Protocol::letters) break;
    std::vector<TokenId> tokens = option;
    if (!whole_options) tokens.pop_back();
    asked.options.push_back(
        tokens.empty() ? kNone : add(job, {.prefix = Prefix{asked.context, context_rows}, .tokens = tokens}));
  }
  return with_readings(job, question, asked);
}

AskedStrands ask_branched(Job& job, const Question& question, const AskedStrands& clean, int first_row, int block,
                          int blocks, bool options_change) {
  const int rows = static_cast<int>(question.context.size()) - first_row;
  AskedStrands asked{.context = add(job, {.prefix = Prefix{clean.context, first_row},
                                          .branch = Branch{clean.context, first_row, rows, block}})};
  for (std::size_t k = 0; k < clean.options.size(); ++k) {
    const int predicting = static_cast<int>(question.options[k].size()) - 1;
    // Behind the last block nothing looks back at the context any more: the options' own rows are the clean ones.
    if (predicting == 0 || (block == blocks && !options_change))
      asked.options.push_back(clean.options[k]);
    else
      asked.options.push_back(
          add(job, {.prefix = Prefix{asked.context, rows}, .branch = Branch{clean.options[k], 0, predicting, block}}));
  }
  return with_readings(job, question, asked);
}

double divisor(const Question& question, std::size_t option) {
  return question.rule == ScoreRule::sum ? 1 : length_of(question.option_texts[option]).by(question.rule);
}

std::vector<double> compared(const Question& question, std::vector<double> scores) {
  for (std::size_t k = 0; k < scores.size(); ++k) scores[k] /= divisor(question, k);
  return scores;
}

std::vector<double> option_scores(const Question& question, const AskedStrands& asked, const JobResult& result) {
  auto reading = result.readings.begin() + asked.first_reading;
  std::vector<double> scores(reading->begin(), reading->end());
  for (std::size_t k = 0; k < question.options.size(); ++k) {
    if (question.first_scored(k) > 0) scores[k] = 0;
    for (std::size_t i = 1; i < question.options[k].size(); ++i) {
      const double score = (++reading)->front();
      if (i >= question.first_scored(k)) scores[k] += score;
    }
  }
  return scores;
}

}  // namespace tertium
