#include "tertium/translation/chrf.h"

#include <string>
#include <vector>

#include "tertium/translation/words.h"

namespace tertium {
namespace {

constexpr std::u32string_view kPunctuation = U"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

bool is_punctuation(char32_t character) { return kPunctuation.find(character) != std::u32string_view::npos; }

std::u32string without_space(std::u32string_view text) {
  std::u32string rest;
  for (const char32_t character : text)
    if (!is_python_space(character)) rest.push_back(character);
  return rest;
}

/// Words, of which one sign of punctuation is cut off: the last one, or else the first.
std::vector<std::u32string> chrf_words(std::u32string_view text) {
  std::vector<std::u32string> words;
  for (const std::u32string& word : split_words(text)) {
    const std::size_t cut = word.size() == 1               ? 0
                            : is_punctuation(word.back())  ? word.size() - 1
                            : is_punctuation(word.front()) ? 1
                                                           : 0;
    if (cut > 0) words.push_back(word.substr(0, cut));
    words.push_back(word.substr(cut));
  }
  return words;
}

double f_score(std::span<const NgramMatches> orders) {
  constexpr double kBetaSquared = 4;
  double precision = 0, recall = 0, counted = 0;
  for (const NgramMatches& order : orders) {
    if (order.hypothesis == 0 || order.reference == 0) continue;
    precision += static_cast<double>(order.shared) / static_cast<double>(order.hypothesis);
    recall += static_cast<double>(order.shared) / static_cast<double>(order.reference);
    ++counted;
  }
  if (precision + recall == 0) return 0;
  precision /= counted, recall /= counted;
  return 100 * (1 + kBetaSquared) * precision * recall / (kBetaSquared * precision + recall);
}

}  // namespace

ChrfCounts& ChrfCounts::operator+=(const ChrfCounts& other) {
  for (std::size_t i = 0; i < orders.size(); ++i) {
    orders[i].hypothesis += other.orders[i].hypothesis;
    orders[i].reference += other.orders[i].reference;
    orders[i].shared += other.orders[i].shared;
  }
  return *this;
}

ChrfCounts chrf_counts(std::string_view hypothesis, std::string_view reference) {
  const std::u32string points = code_points_of(hypothesis), reference_points = code_points_of(reference);
  const std::u32string characters = without_space(points), reference_characters = without_space(reference_points);
  const std::vector<std::u32string> words = chrf_words(points), reference_words = chrf_words(reference_points);
  ChrfCounts counts;
  for (std::size_t n = 1; n <= ChrfCounts::kCharacters; ++n)
    counts.orders[n - 1] = match_ngrams(characters, reference_characters, n);
  for (std::size_t n = 1; n <= ChrfCounts::kWords; ++n)
    counts.orders[ChrfCounts::kCharacters + n - 1] = match_ngrams(words, reference_words, n);
  // An order that the reference has nothing of counts for nothing, be it in a corpus.
  for (NgramMatches& order : counts.orders)
    if (order.reference == 0) order.hypothesis = 0;
  return counts;
}

double chrf(const ChrfCounts& counts) { return f_score(std::span(counts.orders).first(ChrfCounts::kCharacters)); }

double chrf_plus_plus(const ChrfCounts& counts) { return f_score(counts.orders); }

}  // namespace tertium
