// Belebele (Bandarkar et al. 2023): a passage, a question about it and four answers.

#include <limits>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

// The official numbers count within a passage, which link and (in some releases) split name; other copies, without
// links, number all questions.
std::string id(const JsonLine& line) {
  std::string passage = line.text_if_any("link");
  if (!passage.empty()) passage += "#";
  if (const std::string split = line.text_if_any("split"); !passage.empty() && !split.empty()) passage += split + "#";
  return passage + std::to_string(line.integer("question_number", 0, std::numeric_limits<std::int64_t>::max()));
}

MarkedText context_of(const std::string& passage, const std::string& question,
                      const std::vector<std::string>& answers) {
  MarkedText context;
  append(context, {"P: ", {}});
  append(context, {passage, {.premise = end_of_words(passage)}});
  append(context, {"\nQ: ", {}});
  append(context, {question, {.question = end_of_words(question)}});
  for (std::size_t k = 0; k < answers.size(); ++k) {
    append(context, {{'\n', static_cast<char>('A' + k), ':', ' '}, {}});
    append(context, marked_option(answers[k], k));
  }
  append(context, {"\nAnswer:", {}});
  return context;
}

Item item(const JsonLine& line, const std::string&) {
  const std::string& passage = line.text("flores_passage");
  const std::string& question = line.text("question");
  Item item;
  item.id = id(line);
  item.gold = static_cast<std::size_t>(line.integer("correct_answer_num", 1, 4) - 1);
  item.choices = {line.text("mc_answer1"), line.text("mc_answer2"), line.text("mc_answer3"), line.text("mc_answer4")};
  const MarkedText context = context_of(passage, std::string(strip(question)), item.choices);
  item.context = context.text;
  item.context_marks = context.marks;
  item.options = {" A", " B", " C", " D"};
  // A letter has no meaning to align, so the statements spell the answers out.
  item.statement_context = passage + " " + question;
  for (const std::string& answer : item.choices) item.statement_options.push_back(" " + answer);
  item.premise = item.statement_context;
  return item;
}

}  // namespace

extern const Task belebele_task = {
    .name = "belebele",
    .files = one_file_per_language,
    .item = item,
    .roles = {.premise = "flores_passage", .question = "question", .option = "mc_answer"},
    .letters_prompt =
        "Choose the right answer to the question about the passage.\n"
        "Passage: {flores_passage}\nQuestion: {question}\n{options}\nAnswer:",
    .language_field = "dialect",
    .shares = "flores_passage",
    .in_study = true,  // whose statements are the ones above
    .lm_eval_shots = LmEvalShots::first,
};

}  // namespace tertium
