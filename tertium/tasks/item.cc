#include "tertium/tasks/item.h"

#include <algorithm>

#include "tertium/base/squeezed.h"

namespace tertium {
namespace {

std::vector<std::string> sorted_texts(const std::vector<std::string>& options) {
  std::vector<std::string> texts;
  for (const std::string& option : options) texts.push_back(squeezed(option));
  std::ranges::sort(texts);
  return texts;
}

bool repeats(const std::vector<std::string>& options) {
  const std::vector<std::string> texts = sorted_texts(options);
  return std::ranges::adjacent_find(texts) != texts.end();
}

}  // namespace

bool has_identical_options(const Item& item) { return repeats(item.choices) || repeats(item.options); }

std::string content_of(const Item& item) {
  std::string content = squeezed(item.statement_context);
  for (const std::string& option : sorted_texts(item.statement_options)) (content += '\0') += option;
  return content;
}

}  // namespace tertium
