#include "tertium/translation/language_of.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tertium/translation/words.h"

namespace tertium {
namespace {

constexpr std::size_t kFewestLetters = 4;
constexpr double kClear = 4;  // nats by which the best must lead

int script_of(char32_t letter) {
  UErrorCode problem = U_ZERO_ERROR;
  const int script = uscript_getScript(static_cast<UChar32>(letter), &problem);
  // Japanese and Chinese share signs, and what is common to all scripts tells nothing.
  return U_FAILURE(problem) || script == USCRIPT_COMMON || script == USCRIPT_INHERITED ? USCRIPT_COMMON : script;
}

/// Letters and marks in lower case; whatever stands between words is one space.
std::u32string letters_of(std::string_view text) {
  std::u32string letters = U" ";
  for (const char32_t each : code_points_of(text)) {
    const auto point = static_cast<UChar32>(each);
    const bool is_letter = u_isalpha(point) || (U_GET_GC_MASK(point) & U_GC_M_MASK) != 0;
    if (is_letter)
      letters += static_cast<char32_t>(u_tolower(point));
    else if (letters.back() != U' ')
      letters += U' ';
  }
  if (letters.back() != U' ') letters += U' ';
  return letters;
}

/// The script of most letters, and how many letters there are.
std::map<int, std::int64_t> scripts_of(const std::u32string& letters) {
  std::map<int, std::int64_t> scripts;
  for (const char32_t each : letters)
    if (const int script = script_of(each); script != USCRIPT_COMMON) ++scripts[script];
  return scripts;
}

std::int64_t sum(const std::map<int, std::int64_t>& counts) {
  std::int64_t all = 0;
  for (const auto& [script, count] : counts) all += count;
  return all;
}

template <class With>
void for_each_trigram(const std::u32string& letters, const With& with) {
  for (std::size_t i = 0; i + 3 <= letters.size(); ++i)
    with(std::array<char32_t, 3>{letters[i], letters[i + 1], letters[i + 2]});
}

}  // namespace

void LanguageOf::learn(const std::string& language, const std::vector<std::string>& sentences) {
  auto found = std::ranges::find_if(known_, [&](const Known& one) { return one.name == language; });
  if (found == known_.end()) found = known_.insert(known_.end(), Known{.name = language});
  for (const std::string& sentence : sentences) {
    const std::u32string letters = letters_of(sentence);
    for (const auto& [script, count] : scripts_of(letters)) found->scripts[script] += count;
    for_each_trigram(letters, [&](const auto& trigram) { ++found->trigrams[trigram], ++found->all; });
  }
}

std::string LanguageOf::operator()(std::string_view text) const {
  const std::u32string letters = letters_of(text);
  const std::map<int, std::int64_t> scripts = scripts_of(letters);
  const auto all = static_cast<double>(sum(scripts));
  if (all < kFewestLetters) return kNoLanguage;
  double best = -INFINITY, next = -INFINITY;
  const Known* likeliest = nullptr;
  for (const Known& language : known_) {
    // Most of the letters must be of a script that the language is written in.
    std::int64_t own = 0;
    const auto written = static_cast<double>(sum(language.scripts));
    for (const auto& [script, count] : scripts)
      if (const auto of = language.scripts.find(script);
          of != language.scripts.end() && static_cast<double>(of->second) > 0.05 * written)
        own += count;
    if (static_cast<double>(own) < all / 2) continue;
    constexpr double kTrigrams = 20'000;  // about as many kinds as an alphabet's languages have
    double log_p = 0;
    for_each_trigram(letters, [&](const auto& trigram) {
      const auto times = language.trigrams.find(trigram);
      const auto count = times == language.trigrams.end() ? 0.0 : static_cast<double>(times->second);
      log_p += std::log((count + 1) / (static_cast<double>(language.all) + kTrigrams));
    });
    if (log_p > best) {
      next = best;
      best = log_p;
      likeliest = &language;
    } else {
      next = std::max(next, log_p);
    }
  }
  return likeliest && best - next >= kClear ? likeliest->name : kNoLanguage;
}

bool is_repeated(std::string_view text) {
  const std::u32string signs = code_points_of(text);
  constexpr std::size_t kSigns = 10, kTimes = 3;
  std::size_t run = 0;
  for (std::size_t i = 0; i < signs.size(); ++i) {
    run = i > 0 && signs[i] == signs[i - 1] ? run + 1 : 1;
    if (run == kSigns && !is_python_space(signs[i])) return true;
  }
  const std::vector<std::u32string> words = split_words(signs);
  for (std::size_t size = 1; size * kTimes <= words.size(); ++size) {
    const auto end = words.end();
    bool again = true;
    for (std::size_t i = 1; i < kTimes && again; ++i)
      again =
          std::equal(end - static_cast<std::ptrdiff_t>(size), end, end - static_cast<std::ptrdiff_t>(size * (i + 1)));
    if (again) return true;
  }
  return false;
}

}  // namespace tertium
