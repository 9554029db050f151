#include "tertium/audit/characters.h"

#include <unicode/brkiter.h>
#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <map>
#include <memory>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

template <class Call>
void for_each_code_point(std::string_view text, const Call& call) {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = static_cast<int32_t>(std::min<std::size_t>(text.size() - at, U8_MAX_LENGTH));
    int32_t step = 0;
    UChar32 c;
    U8_NEXT(text.data() + at, step, length, c);
    at += static_cast<std::size_t>(step);
    call(c);
  }
}

bool is_mark(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0; }

UScriptCode script_of(UChar32 c) {
  UErrorCode problem = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(c, &problem);
  return U_FAILURE(problem) ? USCRIPT_COMMON : script;
}

bool is_japanese(UScriptCode script) {
  return script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA;
}

}  // namespace

Ending ending_of(std::string_view text) {
  text = strip(text);
  if (text.empty()) return Ending::none;
  UChar32 last = 0;
  for_each_code_point(text, [&](UChar32 c) { last = c; });
  if (u_ispunct(last)) return Ending::punctuation;
  if (u_isalpha(last)) return Ending::letter;
  return is_mark(last) ? Ending::mark : Ending::other;
}

bool has_words(std::string_view text) {
  bool found = false;
  for_each_code_point(text, [&](UChar32 c) { found |= u_isalnum(c) != 0; });
  return found;
}

std::string main_script(std::string_view text) {
  std::map<UScriptCode, std::size_t> letters;
  for_each_code_point(text, [&](UChar32 c) {
    const UScriptCode script = script_of(c);
    if (u_isalpha(c) && script != USCRIPT_COMMON && script != USCRIPT_INHERITED)
      ++letters[is_japanese(script) ? USCRIPT_HAN : script];
  });
  if (letters.empty()) return {};
  const UScriptCode most = std::ranges::max_element(letters, {}, [](const auto& entry) { return entry.second; })->first;
  return most == USCRIPT_HAN ? "Han and kana" : uscript_getName(most);
}

bool has_mixed_word(std::string_view text) {
  bool found = false;
  UScriptCode of_word = USCRIPT_COMMON;  // Common: none of the three so far
  for_each_code_point(text, [&](UChar32 c) {
    const UScriptCode script = script_of(c);
    if (script == USCRIPT_LATIN || script == USCRIPT_GREEK || script == USCRIPT_CYRILLIC) {
      found |= of_word != USCRIPT_COMMON && of_word != script;
      of_word = script;
    } else if (!is_mark(c)) {
      of_word = USCRIPT_COMMON;
    }
  });
  return found;
}

bool is_damaged(std::string_view text) {
  bool found = false;
  for_each_code_point(text, [&](UChar32 c) {
    found |= c == 0xFFFD || (u_iscntrl(c) && c != '\t' && c != '\n' && c != '\r' && !(U_GET_GC_MASK(c) & U_GC_CF_MASK));
  });
  return found;
}

std::size_t count_words(std::string_view text) {
  UErrorCode problem = U_ZERO_ERROR;
  // Making one takes longer than most texts; it must not be shared by threads.
  thread_local const std::unique_ptr<icu::BreakIterator> breaks(
      icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), problem));
  if (!breaks) fail("ICU finds no rules for words; is its data installed?");
  const icu::UnicodeString wide =
      icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  breaks->setText(wide);
  std::size_t words = 0;
  while (breaks->next() != icu::BreakIterator::DONE) words += breaks->getRuleStatus() >= UBRK_WORD_NONE_LIMIT;
  return words;
}

}  // namespace tertium
