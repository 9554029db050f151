#include "tertium/tasks/open_answers.h"

#include <unicode/normalizer2.h>
#include <unicode/regex.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <memory>
#include <set>

#include "tertium/base/item_error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"

namespace tertium {
namespace {

constexpr std::size_t kMostAnswers = 100, kLongestPattern = 4096;
constexpr std::int32_t kMostSteps = 10'000;   // of ICU's own measure, some thousand characters' work each
constexpr std::int32_t kMostStack = 1 << 20;  // bytes

icu::UnicodeString unicode(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

std::string utf8(const icu::UnicodeString& text) {
  std::string bytes;
  text.toUTF8String(bytes);
  return bytes;
}

/// Null where it is no pattern.
std::unique_ptr<icu::RegexPattern> pattern_of(const std::string& text) {
  UErrorCode problem = U_ZERO_ERROR;
  UParseError place;
  std::unique_ptr<icu::RegexPattern> pattern(icu::RegexPattern::compile(unicode(text), 0, place, problem));
  return U_SUCCESS(problem) ? std::move(pattern) : nullptr;
}

bool is_found(const std::string& pattern, std::string_view text, const OpenQuestion& question) {
  const std::unique_ptr<icu::RegexPattern> compiled = pattern_of(pattern);
  UErrorCode problem = U_ZERO_ERROR;
  const icu::UnicodeString input = unicode(text);
  const std::unique_ptr<icu::RegexMatcher> matcher(compiled ? compiled->matcher(input, problem) : nullptr);
  if (matcher && U_SUCCESS(problem)) {
    matcher->setTimeLimit(kMostSteps, problem);
    matcher->setStackLimit(kMostStack, problem);
    const bool found = matcher->find(problem) != 0;
    if (U_SUCCESS(problem)) return found;
  }
  fail_item("{}: the pattern \"{}\" takes too long on the answer \"{}\"; simplify it", question.where,
            printable(pattern), printable(text));
}

/// Whether words of its script stand apart.
bool has_spaces(UChar32 letter) {
  UErrorCode problem = U_ZERO_ERROR;
  switch (uscript_getScript(letter, &problem)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
    case USCRIPT_TIBETAN:
      return false;
    default:
      return U_SUCCESS(problem);
  }
}

/// Whether it stands in a text at the ends of words, where there are words.
bool stands_in(const icu::UnicodeString& wanted, const icu::UnicodeString& text) {
  const std::int32_t size = wanted.length();
  for (std::int32_t at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const std::int32_t end = at + size;
    const auto apart = [&](std::int32_t neighbour, UChar32 edge) {
      return text.char32At(neighbour) == U' ' || !has_spaces(edge);
    };
    const bool begins = at == 0 || apart(at - 1, wanted.char32At(0));
    if (begins && (end == text.length() || apart(end, wanted.char32At(size - 1)))) return true;
  }
  return false;
}

void check_answer(const std::string& answer, AnswerMatch match, const std::string& where) {
  if (match != AnswerMatch::regex) {
    if (normalized_answer(answer).empty())
      fail("{}: the answer \"{}\" is blank once it is normalized", where, printable(answer));
    return;
  }
  if (answer.empty() || answer.size() > kLongestPattern || !pattern_of(answer))
    fail("{}: \"{}\" is no regular expression, or longer than {} bytes", where, printable(answer), kLongestPattern);
}

std::vector<std::string> read_answers(const JsonLine& line, AnswerMatch match) {
  const nlohmann::json& field = line.field("answers");
  const nlohmann::json list = field.is_array() ? field : nlohmann::json::array({field});
  if (list.empty() || list.size() > kMostAnswers)
    fail("{}: \"answers\" must hold 1 to {} texts", line.where, kMostAnswers);
  std::vector<std::string> answers;
  for (const nlohmann::json& one : list) {
    if (!one.is_string()) fail("{}: \"answers\" must be a text or a list of texts", line.where);
    answers.push_back(one.get<std::string>());
    check_answer(answers.back(), match, line.where);
  }
  return answers;
}

}  // namespace

std::vector<OpenQuestion> read_open_questions(const std::filesystem::path& file, AnswerMatch match) {
  JsonLines lines(file);
  std::vector<OpenQuestion> questions;
  std::set<std::string> ids;
  while (const auto line = lines.next()) {
    OpenQuestion question{line->id_or_row("id"), line->text("prompt"), read_answers(*line, match), line->where};
    if (!ids.insert(question.id).second)
      fail("{}: the id \"{}\" stands there twice", line->where, printable(question.id));
    questions.push_back(std::move(question));
  }
  if (questions.empty()) fail("{}: holds no question", file.string());
  return questions;
}

std::string normalized_answer(std::string_view text) {
  UErrorCode problem = U_ZERO_ERROR;
  const icu::Normalizer2* const form = icu::Normalizer2::getNFKCCasefoldInstance(problem);
  if (U_FAILURE(problem)) fail("ICU has no NFKC_Casefold data; reinstall libicu");
  const icu::UnicodeString folded = form->normalize(unicode(text), problem);
  icu::UnicodeString words;
  bool space = false;
  for (std::int32_t at = 0; at < folded.length(); at = folded.moveIndex32(at, 1)) {
    const UChar32 sign = folded.char32At(at);
    if (u_ispunct(sign)) continue;
    if (u_isUWhiteSpace(sign)) {
      space = !words.isEmpty();
      continue;
    }
    if (space) words.append(static_cast<UChar32>(U' '));
    space = false;
    words.append(sign);
  }
  // Signs that punctuation held apart may compose now.
  return utf8(form->normalize(words, problem));
}

bool is_right(std::string_view text, const OpenQuestion& question, AnswerMatch match) {
  const std::string given = match == AnswerMatch::regex ? std::string(text) : normalized_answer(text);
  return std::ranges::any_of(question.answers, [&](const std::string& answer) {
    if (match == AnswerMatch::regex) return is_found(answer, given, question);
    const std::string wanted = normalized_answer(answer);
    if (match == AnswerMatch::exact) return given == wanted;
    return stands_in(unicode(wanted), unicode(given));
  });
}

}  // namespace tertium
