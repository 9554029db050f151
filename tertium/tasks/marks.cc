#include "tertium/tasks/marks.h"

#include <algorithm>

#include "tertium/base/text.h"

namespace tertium {
namespace {

/// The marks after `move` has been applied to each that is there.
template <class Move>
TextMarks moved(TextMarks marks, const Move& move) {
  for (std::optional<std::size_t>* mark : {&marks.premise, &marks.question, &marks.colon, &marks.prompt})
    if (*mark) **mark = move(**mark);
  for (std::size_t& option : marks.options)
    if (option > 0) option = move(option);
  return marks;
}

}  // namespace

std::optional<std::size_t> end_of_words(std::string_view text) {
  const std::string_view kept = strip(text);
  if (kept.empty()) return std::nullopt;
  return static_cast<std::size_t>(kept.data() + kept.size() - text.data());
}

MarkedText marked_option(const std::string& text, std::size_t index) {
  MarkedText option{text, {}};
  option.marks.options.resize(index + 1);
  option.marks.options[index] = end_of_words(text).value_or(0);
  return option;
}

void append(MarkedText& text, const MarkedText& part) {
  const TextMarks marks = moved(part.marks, [&](std::size_t mark) { return mark + text.text.size(); });
  text.text += part.text;
  for (const auto member : {&TextMarks::premise, &TextMarks::question, &TextMarks::colon, &TextMarks::prompt})
    if (marks.*member) text.marks.*member = marks.*member;
  text.marks.options.resize(std::max(text.marks.options.size(), marks.options.size()));
  for (std::size_t k = 0; k < marks.options.size(); ++k)
    if (marks.options[k] > 0) text.marks.options[k] = marks.options[k];
}

TextMarks marks_within(std::string_view longer, const MarkedText& text) {
  if (const std::size_t at = longer.rfind(text.text); at != longer.npos)
    return moved(text.marks, [&](std::size_t mark) { return at + mark; });
  const std::string_view kept = strip(text.text);
  const std::size_t at = longer.rfind(kept), cut = static_cast<std::size_t>(kept.data() - text.text.data());
  if (kept.empty() || at == longer.npos) return {};
  return moved(text.marks, [&](std::size_t mark) { return at + std::clamp(mark, cut, cut + kept.size()) - cut; });
}

}  // namespace tertium
