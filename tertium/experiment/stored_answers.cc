#include "tertium/experiment/stored_answers.h"

#include "tertium/experiment/run.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"
#include "tertium/store/store.h"

namespace tertium {

StoredAnswers stored_answers(const Store& store, const TaskSpec& task, const PreparedLanguage& language) {
  std::map<std::string, std::map<int, double>> scores;
  for (const ScoreRow& row : store.scores(task.name, language.language, task.stored_protocol()))
    scores[row.item][row.option] = row.score;
  RightAnswers right;
  for (std::size_t i = 0; i < language.items.size(); ++i) {
    const auto found = scores.find(language.items[i].id);
    if (found == scores.end() || found->second.size() != language.questions[i].options.size())
      return {{}, language.items[i].id};
    std::vector<double> of_options;
    for (const auto& [option, score] : found->second) of_options.push_back(score);
    right.push_back(best_option(compared(language.questions[i], of_options)) == language.items[i].gold);
  }
  return {std::move(right), std::nullopt};
}

}  // namespace tertium
