// HellaSwag (Zellers et al. 2019), translated for Okapi (Lai et al. 2023): how a description of a scene goes on.
// Columns of the dataset on the hub; texts as lm-evaluation-harness makes them.

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/okapi_text.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

/// What is left of a text when it is cleaned. Throws Error if that is nothing.
std::string cleaned_or_fail(const JsonLine& line, std::string_view name, const std::string& text) {
  std::string clean = cleaned(text);
  if (strip(clean).empty()) fail("{}: field \"{}\" holds no words but in brackets; drop the line", line.where, name);
  return clean;
}

std::vector<std::string> endings(const JsonLine& line) {
  const nlohmann::json& list = line.field("endings");
  if (!list.is_array() || list.size() < 2) fail("{}: field \"endings\" must list at least two texts", line.where);
  std::vector<std::string> endings;
  for (const nlohmann::json& ending : list) {
    if (!ending.is_string()) fail("{}: ending {} (0-based) is no text", line.where, endings.size());
    endings.push_back(cleaned_or_fail(line, "endings", ending.get_ref<const std::string&>()));
  }
  return endings;
}

Item item(const JsonLine& line, const std::string&) {
  Item item;
  item.id = line.id_or_row("ind");
  item.category = line.text_if_any("activity_label");
  item.choices = endings(line);
  item.gold = static_cast<std::size_t>(line.integer("label", 0, static_cast<std::int64_t>(item.choices.size()) - 1));
  const std::string scene = line.text_if_any("ctx_a") + " " + capitalized(line.text_if_any("ctx_b"));
  item.context = cleaned_or_fail(line, "ctx_a", item.category + ": " + scene);
  item.context_marks.premise = end_of_words(item.context);
  for (const std::string& ending : item.choices) item.options.push_back(" " + ending);
  item.statement_context = item.context;
  item.statement_options = item.options;
  item.premise = item.context;
  item.fields = {{"context", item.context}};
  return item;
}

}  // namespace

extern const Task m_hellaswag_task = {
    .name = "m_hellaswag",
    .files = hub_files,
    .item = item,
    .roles = {.premise = "context", .question = "", .option = ""},
    .letters_prompt = "Choose the most likely continuation of the text.\nText: {context}\n{options}\nAnswer:",
    .lm_eval_shots = LmEvalShots::drawn_besides,
};

}  // namespace tertium
