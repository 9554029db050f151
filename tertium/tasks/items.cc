// Our own format, for any benchmark and any language: docs/items.md.

#include <limits>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

std::string id(const JsonLine& line) {
  const nlohmann::json& value = line.field("id");
  if (value.is_number_integer()) return std::to_string(line.integer("id", 0, std::numeric_limits<std::int64_t>::max()));
  return line.text("id");
}

std::vector<std::string> options(const JsonLine& line) {
  const nlohmann::json& list = line.field("options");
  if (!list.is_array() || list.size() < 2) fail("{}: field \"options\" must list at least two texts", line.where);
  std::vector<std::string> options;
  for (const nlohmann::json& option : list) {
    if (!option.is_string() || strip(option.get_ref<const std::string&>()).empty())
      fail("{}: option {} (0-based) is empty or no text", line.where, options.size());
    options.push_back(option.get<std::string>());
  }
  return options;
}

Item item(const JsonLine& line, const std::string&) {
  Item item;
  item.id = id(line);
  item.category = line.text_if_any("category");
  item.context = line.text("context");
  item.context_marks.premise = end_of_words(item.context);
  item.options = options(line);
  item.gold = static_cast<std::size_t>(line.integer("gold", 0, static_cast<std::int64_t>(item.options.size()) - 1));
  item.statement_context = item.context;
  item.statement_options = item.options;
  item.premise = item.context;
  // An option is given with the space that joins it to the context; a list of options needs none.
  for (const std::string& option : item.options) item.choices.emplace_back(strip(option));
  return item;
}

}  // namespace

extern const Task items_task = {
    .name = "items",
    .files = one_file_per_language,
    .item = item,
    .roles = {.premise = "context", .question = "question", .option = ""},
    .letters_prompt = "Choose the best continuation of the text.\nText: {context}\n{options}\nAnswer:",
};

}  // namespace tertium
