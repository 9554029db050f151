// Few-shot examples that are asked, too: their answers stand in the prompts of the others.

#include <map>
#include <set>

#include "tertium/audit/check.h"
#include "tertium/base/error.h"

namespace tertium {
namespace {

/// The ids of the items that stand among their own examples, in any language.
std::set<std::string> own_examples(const TaskTexts& texts) {
  std::set<std::string> ids;
  for (const LanguageTexts& language : texts.languages) {
    std::map<std::string, std::string> pool;  // by id
    for (const Item& example : language.pool.items) pool[example.id] = whole_question(example);
    for (const Item& item : language.items) {
      const auto shots = texts.shots.find(item.id);
      if (shots == texts.shots.end()) continue;
      const std::string asked = whole_question(item);
      for (const std::string& shot : shots->second)
        if (const auto found = pool.find(shot); found != pool.end() && found->second == asked) ids.insert(item.id);
    }
  }
  return ids;
}

/// The ids of the examples that are asked items, in any language.
std::set<std::string> asked_examples(const TaskTexts& texts, const std::set<std::string>& examples) {
  std::set<std::string> ids;
  for (const LanguageTexts& language : texts.languages) {
    std::set<std::string> asked;
    for (const Item& item : language.items) asked.insert(whole_question(item));
    for (const Item& example : language.pool.items)
      if (examples.contains(example.id) && asked.contains(whole_question(example))) ids.insert(example.id);
  }
  return ids;
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::set<std::string> examples;  // that any item takes
  for (const auto& [item, shots] : texts.shots) examples.insert(shots.begin(), shots.end());
  if (examples.empty()) return {};
  std::vector<Finding> findings;
  const auto add = [&](const std::set<std::string>& ids, std::size_t of, std::string_view message) {
    if (ids.empty()) return;
    findings.push_back({.severity = Severity::warning,
                        .items = {ids.begin(), ids.end()},
                        .count = ids.size(),
                        .of = of,
                        .message = fmt::format("{} of {} {}", ids.size(), of, message)});
  };
  add(asked_examples(texts, examples), examples.size(),
      "items that serve as few-shot examples are asked, too, so that answers stand in the prompts of others. Take them "
      "from another split (task.shots_split).");
  add(own_examples(texts), texts.shots.size(), "items stand, solved, among their own few-shot examples.");
  return findings;
}

}  // namespace

extern const Check shots_check = {
    .name = "shots",
    .texts = find,
};

}  // namespace tertium
