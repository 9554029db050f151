#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// What makes an open answer right, once both sides are normalized.
enum class AnswerMatch {
  exact,     // it is one of the references
  contains,  // one of them stands in it, at the ends of words where its script has any
  regex,     // one of them, a pattern that is not normalized, is found in it
};

/// A question that is answered in the model's own words.
struct OpenQuestion {
  std::string id, prompt;
  std::vector<std::string> answers;  // each is right
  std::string where;                 // "data/it.jsonl:17"
};

/// A file of JSON Lines: `id` (else the row), `prompt`, and `answers`, a list of texts or one. Throws Error naming file
/// and line: no such field, an answer that is blank (normalized, unless it is a pattern), no pattern that ICU reads, an
/// id twice, too many answers.
std::vector<OpenQuestion> read_open_questions(const std::filesystem::path& file, AnswerMatch match);

/// In lower case (full case folding, of NFKC), without punctuation, one space between words and none around them.
std::string normalized_answer(std::string_view text);

/// Whether a text answers a question. Throws Error naming the question where a pattern takes too long on it.
bool is_right(std::string_view text, const OpenQuestion& question, AnswerMatch match);

}  // namespace tertium
