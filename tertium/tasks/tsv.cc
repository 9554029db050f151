#include "tertium/tasks/tsv.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/columns.h"

namespace tertium {
namespace {

/// Takes the text up to `end` off the front of `text`, and the end itself.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t size = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return taken;
}

/// Without its quotes if they enclose all of it and every quote within is doubled; as it is otherwise.
std::string unquoted(std::string_view field) {
  if (field.size() < 2 || field.front() != '"' || field.back() != '"') return std::string(field);
  const std::string_view inner = field.substr(1, field.size() - 2);
  std::string text;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '"' && inner.substr(i, 2) != "\"\"") return std::string(field);
    text += inner[i];
    i += inner[i] == '"';
  }
  return text;
}

std::vector<std::string> fields_of(std::string_view line) {
  const auto count = std::ranges::count(line, '\t') + 1;
  std::vector<std::string> fields;
  for (auto i = count; i > 0; --i) {
    std::string_view field = take_until(line, '\t');
    field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
    fields.push_back(unquoted(field));
  }
  return fields;
}

}  // namespace

void read_tsv(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& row) {
  const std::string text = read_text_file(file);
  std::string_view rest = without_byte_order_mark(text);
  NamedColumns columns("tab", row);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    std::string_view line = take_until(rest, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!strip(line).empty()) columns.take(fields_of(line), fmt::format("{}:{}", file.string(), number));
  }
}

}  // namespace tertium
