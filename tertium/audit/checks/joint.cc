// What the tokenizer does to an item: tokens across the joint, options that are the same tokens, a BOS in the text,
// items that cannot be asked at all.

#include <algorithm>

#include "tertium/audit/check.h"
#include "tertium/base/error.h"

namespace tertium {
namespace {

template <class Holds>
void add(const PreparedLanguage& language, Severity severity, const Holds& holds, const std::string& what,
         std::vector<Finding>& findings) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < language.questions.size(); ++i)
    if (holds(language.questions[i], language.items[i])) ids.push_back(language.items[i].id);
  if (ids.empty()) return;
  const std::size_t count = ids.size(), all = language.items.size();
  findings.push_back({.language = language.language,
                      .severity = severity,
                      .items = std::move(ids),
                      .count = count,
                      .of = all,
                      .message = fmt::format("In {} of {} items {}.", count, all, what)});
}

void add_language(const PreparedLanguage& language, std::string_view protocol, std::vector<Finding>& findings) {
  add(
      language, Severity::warning, [](const Question& question, const Item&) { return question.joint_swallowed; },
      "one token spans context and option, so the option is scored from its next token on", findings);
  add(
      language, Severity::warning,
      [](const Question& question, const Item& item) {
        return question.identical_options && !has_identical_options(item);
      },
      fmt::format("two options are different texts but the same tokens in {}, so that no answer is right", protocol),
      findings);
  add(
      language, Severity::note, [](const Question& question, const Item&) { return question.spells_bos; },
      fmt::format("the text in {} begins with the tokenizer's BOS already; none is put before it", protocol), findings);
}

std::vector<Finding> find(const TaskTokens& tokens) {
  std::vector<Finding> findings;
  const std::string_view protocol = to_string(tokens.task.spec.protocol);
  add_language(tokens.task.pivot, protocol, findings);
  for (const PreparedLanguage& language : tokens.task.others) add_language(language, protocol, findings);
  for (const auto& [language, unasked] : tokens.unasked)
    findings.push_back({.language = language,
                        .severity = Severity::error,
                        .items = unasked.items,
                        .count = std::max<std::size_t>(1, unasked.items.size()),
                        .message = unasked.items.size() > 1
                                       ? fmt::format("{} items cannot be asked in {}; the first: {}",
                                                     unasked.items.size(), protocol, unasked.message)
                                       : unasked.message});
  return findings;
}

}  // namespace

extern const Check joint_check = {
    .name = "joint",
    .tokens = find,
};

}  // namespace tertium
