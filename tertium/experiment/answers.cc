#include "tertium/experiment/answers.h"

#include <algorithm>
#include <limits>

#include "tertium/protocols/question.h"
#include "tertium/store/store.h"

namespace tertium {

std::size_t Answer::chosen() const { return best_option(scores); }
bool Answer::right() const { return chosen() == gold; }

void add_score(Answer& answer, const ScoreRow& row) {
  const auto option = static_cast<std::size_t>(row.option);
  answer.scores.resize(std::max(answer.scores.size(), option + 1), -std::numeric_limits<double>::infinity());
  answer.scores[option] = row.score;
  if (row.is_gold) answer.gold = option;
}

}  // namespace tertium
