// The field that decides what is asked (XCOPA's question: cause or effect), which parallel items should share.

#include <map>
#include <set>

#include "tertium/audit/check.h"
#include "tertium/audit/vote.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::size_t kFewestToBeConstant = 10;  // items of which not one says anything else

using ValueCounts = std::map<std::string, std::size_t>;  // by value: items

std::string told(const ValueCounts& counts) {
  std::vector<std::string> parts;
  for (const auto& [value, count] : counts) parts.push_back(fmt::format("{} {}", printable(value), count));
  return join(parts);
}

/// "effect here, cause there" if all items differ in the same way; the first of them else.
std::string how(const std::vector<Vote::Dissent>& dissent) {
  const Vote::Dissent& first = dissent.front();
  bool same = true;
  for (const Vote::Dissent& one : dissent) same &= one.here == first.here && one.most == first.most;
  return fmt::format("{}{} here, {} there", same ? "" : "the first: ", printable(first.here), printable(first.most));
}

void add_constant(const LanguageTexts& language, const std::string& field, const ValueCounts& counts,
                  std::vector<Finding>& findings) {
  const std::size_t all = language.items.size();
  findings.push_back(
      {.language = language.language,
       .severity = Severity::warning,
       .count = all,
       .of = all,
       .message = fmt::format("All {} items say {} in field \"{}\", so the field tells nothing here, and "
                              "items of another kind are asked wrongly.",
                              all, printable(counts.begin()->first), field)});
}

void add_dissent(const LanguageTexts& language, const std::string& field, const Vote& vote,
                 std::vector<Finding>& findings) {
  const std::vector<Vote::Dissent> dissent = vote.dissent(language);
  if (dissent.empty()) return;
  findings.push_back(
      {.language = language.language,
       .severity = Severity::warning,
       .items = ids_of(dissent),
       .count = dissent.size(),
       .of = language.items.size(),
       .message = fmt::format("In {} of {} items field \"{}\" is not {} ({}), so that parallel items ask "
                              "different things.",
                              dissent.size(), language.items.size(), field, vote.majority(dissent), how(dissent))});
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  const std::string field(texts.task->asks);
  if (field.empty()) return findings;
  const auto says = [&](const Item& item) {
    const auto found = item.fields.find(field);
    return found == item.fields.end() ? std::string() : found->second;
  };
  std::map<std::string, ValueCounts> counts;  // by language
  std::set<std::string> silent;               // that say one thing of all items
  std::set<std::string> different;
  std::vector<std::string> lines;
  for (const LanguageTexts& language : texts.languages) {
    if (language.items.empty()) continue;
    ValueCounts& here = counts[language.language];
    for (const Item& item : language.items) ++here[says(item)];
    lines.push_back(fmt::format("{}: {}", language.language, told(here)));
    different.insert(told(here));
    if (here.size() == 1 && language.items.size() >= kFewestToBeConstant) silent.insert(language.language);
  }
  if (different.size() > 1)
    findings.push_back({.severity = Severity::note,
                        .message = fmt::format("Field \"{}\" by language: {}.", field, join(lines, "; "))});
  const Vote vote(texts, asked_items, says, silent);
  for (const LanguageTexts& language : texts.languages) {
    if (silent.contains(language.language)) add_constant(language, field, counts[language.language], findings);
    add_dissent(language, field, vote, findings);
  }
  return findings;
}

}  // namespace

extern const Check question_check = {
    .name = "question",
    .texts = find,
};

}  // namespace tertium
