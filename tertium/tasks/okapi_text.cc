#include "tertium/tasks/okapi_text.h"

#include "tertium/base/text.h"

namespace tertium {
namespace {

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string result;
  for (std::size_t found; (found = text.find(what)) != text.npos; text.remove_prefix(found + what.size()))
    result.append(text.substr(0, found)).append(by);
  return result.append(text);
}

/// Without what stands in brackets, up to the first that closes; brackets that close on no line stay.
std::string without_brackets(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = text.front() == '[' ? text.find_first_of("]\n") : text.npos;
    if (end != text.npos && text[end] == ']') {
      text.remove_prefix(end + 1);
      continue;
    }
    result += text.front();
    text.remove_prefix(1);
  }
  return result;
}

}  // namespace

std::string cleaned(std::string_view text) {
  return replaced(without_brackets(replaced(strip(text), " [title]", ". ")), "  ", " ");
}

}  // namespace tertium
