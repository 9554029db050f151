// XStoryCloze (Lin et al. 2022): a story of four sentences, and which of two sentences ends it.
// Three spellings are read: the plain one of the common JSON copies, the columns of the dataset on the hub, and those
// of the official TSV files.

#include "tertium/base/error.h"
#include "tertium/base/squeezed.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"
#include "tertium/tasks/tsv.h"

namespace tertium {
namespace {

/// The name under which a line has a field, or would have it. Error if it has both, and they differ.
std::string_view either(const JsonLine& line, std::string_view plain, std::string_view official) {
  if (!line.has(official)) return line.has(plain) || !line.has("InputStoryid") ? plain : official;
  if (line.has(plain) && line.field(plain) != line.field(official))
    fail("{}: fields \"{}\" and \"{}\" differ; leave one of them out", line.where, plain, official);
  return line.has(plain) ? plain : official;
}

/// The four sentences, if the line has them apart.
std::string joined_sentences(const JsonLine& line) {
  std::string story;
  for (int i = 1; i <= 4; ++i) {
    const std::string plain = fmt::format("input_sentence_{}", i), official = fmt::format("InputSentence{}", i);
    if (i == 1 && !line.has(plain) && !line.has(official)) return {};
    (story += i > 1 ? " " : "") += line.text(either(line, plain, official));
  }
  return story;
}

std::string story(const JsonLine& line) {
  const std::string joined = joined_sentences(line);
  if (joined.empty()) return line.text("context");
  if (line.has("context") && squeezed(line.text("context")) != squeezed(joined))
    fail("{}: field \"context\" is not the four sentences that the line has apart; leave one of them out", line.where);
  return line.has("context") ? line.text("context") : joined;
}

Item item(const JsonLine& line, const std::string&) {
  Item item;
  item.id = line.text(either(line, "story_id", "InputStoryid"));
  item.gold =
      static_cast<std::size_t>(line.integer(either(line, "answer_right_ending", "AnswerRightEnding"), 1, 2) - 1);
  item.context = story(line);
  item.context_marks.premise = end_of_words(item.context);
  item.choices = {line.text(either(line, "sentence_quiz1", "RandomFifthSentenceQuiz1")),
                  line.text(either(line, "sentence_quiz2", "RandomFifthSentenceQuiz2"))};
  for (const std::string& ending : item.choices) item.options.push_back(" " + ending);
  item.statement_context = item.context;
  item.statement_options = item.options;
  item.premise = item.context;
  // So that one prompt template serves all spellings.
  item.fields = {{"context", item.context}, {"sentence_quiz1", item.choices[0]}, {"sentence_quiz2", item.choices[1]}};
  return item;
}

std::vector<ItemFile> files(const std::filesystem::path& data, const std::string& language, const std::string& split) {
  const auto official = [&](const std::string& split) {
    return ItemFile{data / fmt::format("spring2016.val.{}.tsv.split_20_80_{}.tsv", language, split), read_tsv};
  };
  if (split == "eval" || split == "train") return {official(split)};
  if (!split.empty())
    fail("{}: xstorycloze has no split \"{}\"; the official files have eval and train, others none", data.string(),
         printable(split));
  return {{data / (language + ".jsonl"), read_json_lines}, {data / (language + ".tsv"), read_tsv}, official("eval")};
}

}  // namespace

extern const Task xstorycloze_task = {
    .name = "xstorycloze",
    .files = files,
    .item = item,
    .roles = {.premise = "context", .question = "", .option = "sentence_quiz"},
    .letters_prompt = "Choose the better ending of the story.\nStory: {context}\n{options}\nAnswer:",
    .in_study = true,  // whose statements are the ones above
    .lm_eval_shots = LmEvalShots::drawn_besides,
};

}  // namespace tertium
