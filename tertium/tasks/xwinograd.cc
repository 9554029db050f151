// XWinograd (Tikhonov and Ryabinin 2021): which of two words fills the blank of a sentence.
// Columns of the dataset on the hub; scored as lm-evaluation-harness does: the words behind the blank, once behind each
// filling.

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

Item item(const JsonLine& line, const std::string&) {
  const std::string& sentence = line.text("sentence");
  const std::size_t blank = sentence.find('_');
  if (blank == sentence.npos) fail("{}: field \"sentence\" has no blank; write one as _", line.where);
  const std::string_view behind = strip(std::string_view(sentence).substr(blank + 1));
  if (behind.empty())
    fail("{}: field \"sentence\" has nothing behind its blank to be scored; drop the line", line.where);
  Item item;
  item.id = line.id_or_row("id");
  item.choices = {line.text("option1"), line.text("option2")};
  item.gold = static_cast<std::size_t>(line.integer("answer", 1, 2) - 1);
  item.context = sentence.substr(0, blank);
  item.context_marks.premise = end_of_words(item.context);
  for (const std::string& choice : item.choices) {
    item.options.push_back(fmt::format("{} {}", choice, behind));
    item.scored_from.push_back(choice.size());
  }
  item.statement_context = item.context;
  item.statement_options = item.options;
  item.premise = sentence;
  return item;
}

}  // namespace

extern const Task xwinograd_task = {
    .name = "xwinograd",
    .files = hub_files,
    .item = item,
    .roles = {.premise = "sentence", .question = "", .option = "option"},
    .letters_prompt = "Choose what fills the blank of the sentence.\nSentence: {sentence}\n{options}\nAnswer:",
    .lm_eval_shots = LmEvalShots::drawn_blindly,
};

}  // namespace tertium
