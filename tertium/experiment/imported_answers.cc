#include "tertium/experiment/imported_answers.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "tertium/analysis/answers.h"
#include "tertium/analysis/undecided.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/protocols/question.h"

namespace tertium {
namespace {

constexpr char kImported[] = "loglik:imported", kLoglik[] = "loglik";

/// Throws Error unless an answer is to this item, as far as gold and the options' lengths tell.
void demand_same_item(const Answer& answer, const Item& item, const std::string& name) {
  const std::vector<ScoredText> texts = loglik_texts(item);
  const auto differs = [&](const std::string& what) {
    fail("{}: {}; they are of other texts, so import answers to the same files", name, what);
  };
  if (answer.scores.size() != texts.size())
    differs(fmt::format("{} options in the imported answers, {} in the file", answer.scores.size(), texts.size()));
  if (answer.gold != item.gold)
    differs(fmt::format("gold is option {} (0-based) in the imported answers, {} in the file", answer.gold, item.gold));
  for (std::size_t k = 0; k < texts.size(); ++k) {
    const TextLength here = length_of(texts[k].scored);
    if (here.bytes != answer.lengths[k].bytes || here.characters != answer.lengths[k].characters)
      differs(fmt::format("option {} (0-based) has {} characters in the imported answers, {} in the file", k,
                          answer.lengths[k].characters, here.characters));
  }
}

/// The answers of one language. `only_right` says that no more is known than which are right.
void add_language(const PreparedLanguage& language, const std::string& task, const Answers& answers, bool only_right,
                  ImportedAnswers& imported) {
  const std::string protocol = only_right ? kOnlyCorrect : kImported;
  nlohmann::json identical = nlohmann::json::array();
  for (const Item& item : language.items) {
    const std::string name = fmt::format("{} {}, item {}", task, language.language, printable(item.id));
    const auto found = answers.find(item.id);
    if (found == answers.end())
      fail("{}: the imported answers have none; ask only what they answer (task.limit, task.ids), or import more",
           name);
    const Answer& answer = found->second;
    if (!only_right) demand_same_item(answer, item, name);
    for (std::size_t k = 0; k < answer.scores.size(); ++k)
      imported.rows.push_back({task, language.language, item.id, protocol, static_cast<int>(k), answer.scores[k], 0,
                               k == answer.gold, answer.lengths[k].characters, answer.lengths[k].bytes});
    if (has_identical_options(item)) identical.push_back(item.id);
  }
  if (!identical.empty())
    imported.notes.emplace_back(undecided_key(task, protocol, language.language), identical.dump());
}

}  // namespace

ImportedAnswers imported_answers(const std::filesystem::path& folder, const std::vector<PreparedTask>& tasks) {
  const std::vector<LanguageAnswers> stored = answers_of(Store::open(folder).scores());
  ImportedAnswers imported;
  std::set<std::string> seen;  // a task may be asked in several protocols
  for (const PreparedTask& task : tasks) {
    const std::string& name = task.spec.name;
    if (!seen.insert(name).second) continue;
    const auto find = [&](const PreparedLanguage& language, const char* protocol) {
      return find_answers(stored, name, protocol, language.language);
    };
    const bool only_right = !find(task.pivot, kLoglik) && find(task.pivot, kOnlyCorrect);
    const char* protocol = only_right ? kOnlyCorrect : kLoglik;
    if (!find(task.pivot, protocol)) continue;
    add_language(task.pivot, name, *find(task.pivot, protocol), only_right, imported);
    for (const PreparedLanguage& language : task.others) {
      const Answers* answers = find(language, protocol);
      if (!answers)
        fail("{}: holds no answers to {} in {}; import them, too, or leave the language out", folder.string(), name,
             printable(language.language));
      add_language(language, name, *answers, only_right, imported);
    }
  }
  if (imported.rows.empty())
    fail("{}: holds no answers to a task of this experiment in its pivot; give what tertium import made",
         folder.string());
  imported.notes.emplace_back("answers", folder.string());
  return imported;
}

void store_imported(Store& store, const ImportedAnswers& answers) {
  const auto key = [](const ScoreRow& row) {
    return std::tuple(row.task, row.language, row.item, row.protocol, row.option);
  };
  std::map<decltype(key(ScoreRow{})), double> stored;  // by a run that goes on
  if (!answers.rows.empty())
    for (const ScoreRow& row : store.scores()) stored.emplace(key(row), row.score);
  for (const ScoreRow& row : answers.rows) {
    const auto found = stored.find(key(row));
    if (found == stored.end())
      store.add(row);
    else if (found->second != row.score)
      fail("{}: holds other imported answers to {} in {}, item \"{}\"; give another --out, or --force to begin anew",
           store.folder().string(), row.task, row.language, printable(row.item));
  }
  for (const auto& [key, value] : answers.notes) store.set_info(key, value);
}

}  // namespace tertium
