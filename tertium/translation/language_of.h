#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// What no language was told of: too short, of another script, or too near to two.
inline constexpr char kNoLanguage[] = "und";

/// Tells in which of a few languages a text is, by its script and then by its letters' trigrams (a naive Bayes
/// classifier with add-one smoothing), both learnt from sentences. It knows no other language: a text in one of those
/// is told apart only by its script.
class LanguageOf {
 public:
  /// Adds sentences of a language.
  void learn(const std::string& language, const std::vector<std::string>& sentences);

  /// The name of a language that was learnt, or kNoLanguage.
  std::string operator()(std::string_view text) const;

 private:
  struct Known {
    std::string name;
    std::map<int, std::int64_t> scripts;  // letters by script
    std::map<std::array<char32_t, 3>, std::int64_t> trigrams;
    std::int64_t all = 0;  // trigrams
  };
  std::vector<Known> known_;
};

/// Whether a text says one thing again and again: a stretch of at most half of its words, three or more times in a row
/// at its end, or one sign ten times.
bool is_repeated(std::string_view text);

}  // namespace tertium
