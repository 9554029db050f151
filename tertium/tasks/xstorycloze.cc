// XStoryCloze (Lin et al. 2022): a story of four sentences, and which of two sentences ends it.
// Two spellings are read: the plain one of the common JSON copies, and the column names of the official files.

#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

/// The text field under its plain name, or else under its official one.
const std::string& either(const JsonLine& line, std::string_view plain, std::string_view official) {
  return line.text(line.has(official) && !line.has(plain) ? official : plain);
}

std::string story(const JsonLine& line) {
  if (line.has("context") || !line.has("InputSentence1")) return line.text("context");
  return line.text("InputSentence1") + " " + line.text("InputSentence2") + " " + line.text("InputSentence3") + " " +
         line.text("InputSentence4");
}

std::size_t gold(const JsonLine& line) {
  const bool official = line.has("AnswerRightEnding") && !line.has("answer_right_ending");
  return static_cast<std::size_t>(line.integer(official ? "AnswerRightEnding" : "answer_right_ending", 1, 2) - 1);
}

Item item(const JsonLine& line, const std::string&) {
  Item item;
  item.id = either(line, "story_id", "InputStoryid");
  item.gold = gold(line);
  item.context = story(line);
  item.context_marks.premise = end_of_words(item.context);
  item.choices = {either(line, "sentence_quiz1", "RandomFifthSentenceQuiz1"),
                  either(line, "sentence_quiz2", "RandomFifthSentenceQuiz2")};
  for (const std::string& ending : item.choices) item.options.push_back(" " + ending);
  item.statement_context = item.context;
  item.statement_options = item.options;
  item.premise = item.context;
  // So that one prompt template serves both spellings.
  item.fields = {{"context", item.context}, {"sentence_quiz1", item.choices[0]}, {"sentence_quiz2", item.choices[1]}};
  return item;
}

}  // namespace

extern const Task xstorycloze_task = {
    .name = "xstorycloze",
    .file = one_file_per_language,
    .item = item,
    .roles = {.premise = "context", .question = "", .option = "sentence_quiz"},
    .letters_prompt = "Choose the better ending of the story.\nStory: {context}\n{options}\nAnswer:",
};

}  // namespace tertium
