// Belebele (Bandarkar et al. 2023): a passage, a question about it and four answers.

#include <limits>

#include "tertium/base/error.h"
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

Item item(const JsonLine& line, const std::string&) {
  const std::string& passage = line.text("flores_passage");
  const std::string& question = line.text("question");
  Item item;
  item.id = id(line);
  item.gold = static_cast<std::size_t>(line.integer("correct_answer_num", 1, 4) - 1);
  item.choices = {line.text("mc_answer1"), line.text("mc_answer2"), line.text("mc_answer3"), line.text("mc_answer4")};
  item.context = fmt::format("P: {}\nQ: {}\nA: {}\nB: {}\nC: {}\nD: {}\nAnswer:", passage, question, item.choices[0],
                             item.choices[1], item.choices[2], item.choices[3]);
  item.options = {" A", " B", " C", " D"};
  // A letter has no meaning to align, so the statements spell the answers out.
  item.statement_context = passage + " " + question;
  for (const std::string& answer : item.choices) item.statement_options.push_back(" " + answer);
  item.premise = item.statement_context;
  return item;
}

}  // namespace

const Task tasks::belebele = {
    .name = "belebele",
    .file = one_file_per_language,
    .item = item,
    .letters_prompt =
        "Choose the right answer to the question about the passage.\n"
        "Passage: {flores_passage}\nQuestion: {question}\n{options}\nAnswer:",
};

}  // namespace tertium
