#include "tertium/analysis/answers.h"

#include <algorithm>
#include <tuple>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::size_t kNoGold = -1;

bool is_of(const LanguageAnswers& of, const std::string& task, const std::string& protocol,
           const std::string& language) {
  return of.language == language && of.protocol == protocol && of.task == task;
}

// Options lie in a file as they were written, so that no number in it says how much room to make.
template <class Row>
void add_next(std::vector<double>& scores, const char* table, const Row& row) {
  if (std::cmp_not_equal(row.option, scores.size()))
    fail("{}: option {} of item \"{}\" stands where option {} belongs; the file is not as a run left it", table,
         row.option, printable(row.item), scores.size());
  scores.push_back(row.score);
}

/// Finds where rows belong; most belong where the one before did.
class Groups {
 public:
  LanguageAnswers& of(const ScoreRow& row) {
    if (all.empty() || !is_of(all[last_], row.task, row.protocol, row.language)) {
      const auto [place, is_new] = places_.insert({{row.task, row.protocol, row.language}, all.size()});
      if (is_new) all.push_back({row.task, row.protocol, row.language, {}});
      last_ = place->second;
    }
    return all[last_];
  }

  std::vector<LanguageAnswers> all;

 private:
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> places_;
  std::size_t last_ = 0;
};

void demand_gold(const std::vector<LanguageAnswers>& all) {
  for (const LanguageAnswers& of : all)
    for (const auto& [item, answer] : of.answers)
      if (answer.gold == kNoGold)
        fail("scores: no option of item \"{}\" ({} {} {}) is the right one; the file is not as a run left it",
             printable(item), printable(of.task), printable(of.protocol), printable(of.language));
}

}  // namespace

std::vector<LanguageAnswers> answers_of(const std::vector<ScoreRow>& rows) {
  Groups groups;
  for (const ScoreRow& row : rows) {
    const Answer none{.scores = {}, .gold = kNoGold, .lengths = {}, .rule = score_rule_of(row.protocol)};
    Answer& answer = groups.of(row).answers.try_emplace(row.item, none).first->second;
    add_option(answer.scores, row);
    answer.lengths.push_back({row.characters, row.bytes});
    if (!row.is_gold) continue;
    if (answer.gold != kNoGold)
      fail("scores: two options of item \"{}\" ({} {}) are the right one; the file is not as a run left it",
           printable(row.item), printable(row.task), printable(row.language));
    answer.gold = static_cast<std::size_t>(row.option);
  }
  demand_gold(groups.all);
  return std::move(groups.all);
}

const Answers* find_answers(const std::vector<LanguageAnswers>& all, const std::string& task,
                            const std::string& protocol, const std::string& language) {
  const auto found =
      std::ranges::find_if(all, [&](const LanguageAnswers& of) { return is_of(of, task, protocol, language); });
  return found == all.end() ? nullptr : &found->answers;
}

const Answer& answer_to(const Answers& answers, const std::string& item) {
  const auto found = answers.find(item);
  if (found == answers.end())
    fail("the results hold no score of item \"{}\" in some language; are they whole?", printable(item));
  return found->second;
}

void add_option(std::vector<double>& scores, const ScoreRow& row) { add_next(scores, "scores", row); }
void add_option(std::vector<double>& scores, const PatchRow& row) { add_next(scores, "patches", row); }

}  // namespace tertium
