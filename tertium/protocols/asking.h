#pragma once

#include <vector>

#include "tertium/engine/strand.h"
#include "tertium/protocols/question.h"

namespace tertium {

/// Where the strands of a question lie in its job: the context's last rows, and each option hanging on them.
struct AskedStrands {
  int context;               // the strand whose last row predicts the answer
  std::vector<int> options;  // loglik: one strand an option, or -1 where its first token is all there is to predict
  int first_reading;         // the question's readings are job.readings[first_reading …]
};

/// Adds a text to a job. Where it begins like the context of `like` it hangs on that, so that shared tokens are
/// computed once. Its last row is the last row of the returned strand.
int add_text(Job& job, const std::vector<TokenId>& tokens, const AskedStrands& like);

/// Adds a question to a job: the context once, and in loglik the options hanging on it. With `whole_options` the
/// options' last tokens get rows too (states are wanted there); their scores do not need them.
AskedStrands ask(Job& job, const Question& question, bool whole_options);

/// Asks again, with rows [first_row, last_row()] of the context branching off at `block` and the options' rows
/// following them: only what a patch there can change is computed. Rows of the returned context strand count from
/// `first_row`. `options_change`: what is done to the context is done to the options' own rows, too, so that they branch
/// off behind the last block as well.
AskedStrands ask_branched(Job& job, const Question& question, const AskedStrands& clean, int first_row, int block,
                          int blocks, bool options_change = false);

/// What a score of an option is divided by before its question's rule compares it.
double divisor(const Question& question, std::size_t option);
/// Scores of a question's options as its rule compares them.
std::vector<double> compared(const Question& question, std::vector<double> scores);

/// The option scores of an asked question: sums of log-probabilities (loglik) or logits (letters).
std::vector<double> option_scores(const Question& question, const AskedStrands& asked, const JobResult& result);

}  // namespace tertium
