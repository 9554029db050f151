// Any bytes as a file of open questions, by every rule of what is right, and answers to them.

#include "fuzz/support.h"
#include "tertium/base/item_error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/open_answers.h"

namespace {

using namespace tertium;

void use(const std::filesystem::path& file, AnswerMatch match) {
  const std::vector<OpenQuestion> questions = read_open_questions(file, match);
  fuzz::demand(!questions.empty(), "no questions are an error");
  for (const OpenQuestion& question : questions) {
    fuzz::demand(is_utf8(question.id) && is_utf8(question.prompt), "a text is UTF-8");
    fuzz::demand(!question.answers.empty(), "a question has an answer");
    fuzz::read_or_refuse([&] { is_right(question.prompt, question, match); });
    if (match == AnswerMatch::regex) continue;
    for (const std::string& answer : question.answers) {
      fuzz::demand(is_right(answer, question, match), "an answer is right");
      const std::string normal = normalized_answer(answer);
      fuzz::demand(!normal.empty() && is_utf8(normal), "an answer is not blank");
      fuzz::demand(is_right(normal, question, match), "so is its normal form");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::filesystem::path file = fuzz::as_file({data, size});
  for (const AnswerMatch match : {AnswerMatch::exact, AnswerMatch::contains, AnswerMatch::regex})
    fuzz::read_or_refuse([&] { use(file, match); });
  return 0;
}
