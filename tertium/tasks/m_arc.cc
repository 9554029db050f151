// ARC (Clark et al. 2018), translated for Okapi (Lai et al. 2023): science questions with up to five answers.
// Columns of the dataset on the hub; texts as lm-evaluation-harness makes them.

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/okapi_text.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

Item item(const JsonLine& line, const std::string&) {
  Item item;
  item.id = line.id_or_row("id");
  const std::string question = cleaned(line.text("instruction"));
  for (const char* name : {"option_a", "option_b", "option_c", "option_d", "option_e"})
    if (const std::string option = line.text_if_any(name); !option.empty()) {
      item.choices.push_back(cleaned(option));
      if (strip(item.choices.back()).empty())
        fail("{}: an option holds no words but in brackets; drop the line", line.where);
      item.options.push_back(" " + item.choices.back());
    }
  if (item.choices.size() < 2 || strip(question).empty())
    fail("{}: needs an instruction and two options or more", line.where);
  item.gold = line.letter("answer", item.choices.size());
  MarkedText context{"Question: ", {}};
  append(context, {question, {.question = end_of_words(question)}});
  append(context, {"\nAnswer:", {}});
  item.context = context.text;
  item.context_marks = context.marks;
  item.statement_context = question;
  item.statement_options = item.options;
  item.premise = question;
  return item;
}

}  // namespace

extern const Task m_arc_task = {
    .name = "m_arc",
    .files = hub_files,
    .item = item,
    .roles = {.premise = "", .question = "instruction", .option = ""},
    .letters_prompt = "Choose the right answer to the question.\nQuestion: {instruction}\n{options}\nAnswer:",
};

}  // namespace tertium
