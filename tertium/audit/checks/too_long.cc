// Items that the model's context cannot hold.

#include <set>

#include "tertium/audit/check.h"
#include "tertium/base/error.h"

namespace tertium {
namespace {

void add_cut(const PreparedLanguage& language, std::set<std::string>& ids) {
  for (std::size_t i = 0; i < language.questions.size(); ++i)
    if (language.questions[i].is_cut) ids.insert(language.items[i].id);
}

std::string_view what_becomes(TooLong too_long) {
  switch (too_long) {
    case TooLong::cut:
      return "they lose tokens at their beginning";
    case TooLong::leave_out:
      return "they are asked in no language";
    case TooLong::error:
      break;
  }
  return "a run ends there (task.too_long)";
}

std::vector<Finding> find(const TaskTokens& tokens) {
  const PreparedTask& task = tokens.task;
  std::set<std::string> ids(task.left_out.begin(), task.left_out.end()), all = ids;
  add_cut(task.pivot, ids);
  for (const PreparedLanguage& language : task.others) add_cut(language, ids);
  for (const Item& item : task.pivot.items) all.insert(item.id);
  if (ids.empty()) return {};
  const TooLong too_long = task.spec.too_long;
  return {{.severity = too_long == TooLong::error ? Severity::error : Severity::warning,
           .items = {ids.begin(), ids.end()},
           .count = ids.size(),
           .of = all.size(),
           .message = fmt::format(
               "{} of {} items take more tokens in {} than the model's context of {}, in at least one "
               "language: {}.",
               ids.size(), all.size(), to_string(task.spec.protocol), tokens.limits.context, what_becomes(too_long))}};
}

}  // namespace

extern const Check too_long_check = {
    .name = "too_long",
    .tokens = find,
};

}  // namespace tertium
