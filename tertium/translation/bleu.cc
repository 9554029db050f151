#include "tertium/translation/bleu.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "tertium/translation/words.h"

namespace tertium {
namespace {

struct Range {
  char32_t first, last;
  bool holds(char32_t character) const { return first <= character && character <= last; }
};

template <std::size_t N>
bool in_any(const Range (&ranges)[N], char32_t character) {
  for (const Range& range : ranges)
    if (range.holds(character)) return true;
  return false;
}

/// Always words of their own. The apostrophe, comma, hyphen and full stop are not among them.
constexpr Range kSymbols[] = {{U'{', U'~'}, {U'[', U'`'}, {U' ', U'&'}, {U'(', U'+'}, {U':', U'@'}, {U'/', U'/'}};

/// What sacrebleu takes for Chinese. Two of its ranges beyond the basic plane are spelt with four digits, so that they
/// begin at U+2001 and U+2F81; scores are what it gives.
constexpr Range kChinese[] = {{0x3400, 0x4db5}, {0x4e00, 0x9fa5}, {0x9fa6, 0x9fbb}, {0xf900, 0xfa2d}, {0xfa30, 0xfa6a},
                              {0xfa70, 0xfad9}, {0x2001, 0x2a6d}, {0x2f81, 0x2fa1}, {0xff00, 0xffef}, {0x2e80, 0x2eff},
                              {0x3000, 0x303f}, {0x31c0, 0x31ef}, {0x2f00, 0x2fdf}, {0x2ff0, 0x2fff}, {0x3100, 0x312f},
                              {0x31a0, 0x31bf}, {0xfe10, 0xfe1f}, {0xfe30, 0xfe4f}, {0x2600, 0x26ff}, {0x2700, 0x27bf},
                              {0x3200, 0x32ff}, {0x3300, 0x33ff}};

bool is_digit(char32_t character) { return character >= U'0' && character <= U'9'; }
bool is_stop(char32_t character) { return character == U'.' || character == U','; }

/// Puts a space at each end of every character that `wanted` holds for.
template <class Wanted>
std::u32string spaced(const std::u32string& text, const Wanted& wanted) {
  std::u32string all;
  for (const char32_t character : text) {
    if (wanted(character)) all += U' ';
    all += character;
    if (wanted(character)) all += U' ';
  }
  return all;
}

/// Rewrites every pair of neighbours that `first` and `second` hold for, each character in one pair at most.
template <class First, class Second>
std::u32string rewrite_pairs(const std::u32string& text, const First& first, const Second& second, bool space_before,
                             bool space_after) {
  std::u32string all;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i + 1 == text.size() || !first(text[i]) || !second(text[i + 1])) {
      all += text[i];
      continue;
    }
    if (space_before) all += U' ';
    all += text[i];
    all += U' ';
    all += text[++i];
    if (space_after) all += U' ';
  }
  return all;
}

void replace_all(std::u32string& text, std::u32string_view what, std::u32string_view with) {
  for (std::size_t at = text.find(what); at != std::u32string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// What both tokenizers end with.
std::vector<std::u32string> split_punctuation(std::u32string text) {
  const auto no_digit = [](char32_t character) { return !is_digit(character); };
  text = spaced(text, [](char32_t character) { return in_any(kSymbols, character); });
  text = rewrite_pairs(text, no_digit, is_stop, false, true);
  text = rewrite_pairs(text, is_stop, no_digit, true, false);
  text = rewrite_pairs(
      text, is_digit, [](char32_t character) { return character == U'-'; }, false, true);
  return split_words(text);
}

std::vector<std::u32string> words_of(std::string_view segment, BleuTokenizer tokenizer) {
  std::u32string text = code_points_of(segment);
  while (!text.empty() && is_python_space(text.back())) text.pop_back();
  if (tokenizer == BleuTokenizer::zh) {
    const std::size_t first =
        std::find_if_not(text.begin(), text.end(), [](char32_t c) { return is_python_space(c); }) - text.begin();
    return split_punctuation(
        spaced(text.substr(first), [](char32_t character) { return in_any(kChinese, character); }));
  }
  replace_all(text, U"<skipped>", U"");
  replace_all(text, U"-\n", U"");
  replace_all(text, U"\n", U" ");
  for (const auto& [entity, character] :
       {std::pair{U"&quot;", U"\""}, {U"&amp;", U"&"}, {U"&lt;", U"<"}, {U"&gt;", U">"}})
    replace_all(text, entity, character);
  return split_punctuation(U' ' + text + U' ');
}

double bleu(const BleuCounts& counts, bool effective) {
  const auto hypothesis = static_cast<double>(counts.hypothesis_words);
  const auto reference = static_cast<double>(counts.reference_words);
  double log_sum = 0, halved = 1;
  std::size_t orders = 0;
  bool any = false;
  for (const NgramMatches& order : counts.orders) any |= order.shared > 0;
  if (!any) return 0;
  for (; orders < BleuCounts::kOrders && counts.orders[orders].hypothesis > 0; ++orders) {
    const NgramMatches& order = counts.orders[orders];
    if (order.shared == 0) halved /= 2;
    log_sum += std::log(100 * (order.shared > 0 ? static_cast<double>(order.shared) : halved) /
                        static_cast<double>(order.hypothesis));
  }
  if (!effective && orders < BleuCounts::kOrders) return 0;
  const double brevity = hypothesis < reference ? std::exp(1 - reference / hypothesis) : 1;
  return brevity * std::exp(log_sum / static_cast<double>(orders));
}

}  // namespace

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  hypothesis_words += other.hypothesis_words;
  reference_words += other.reference_words;
  for (std::size_t i = 0; i < kOrders; ++i) {
    orders[i].hypothesis += other.orders[i].hypothesis;
    orders[i].reference += other.orders[i].reference;
    orders[i].shared += other.orders[i].shared;
  }
  return *this;
}

BleuCounts bleu_counts(std::string_view hypothesis, std::string_view reference, BleuTokenizer tokenizer) {
  const std::vector<std::u32string> words = words_of(hypothesis, tokenizer),
                                    reference_words = words_of(reference, tokenizer);
  BleuCounts counts{.hypothesis_words = static_cast<std::int64_t>(words.size()),
                    .reference_words = static_cast<std::int64_t>(reference_words.size()),
                    .orders = {}};
  for (std::size_t n = 1; n <= BleuCounts::kOrders; ++n) counts.orders[n - 1] = match_ngrams(words, reference_words, n);
  return counts;
}

double corpus_bleu(const BleuCounts& counts) { return bleu(counts, /*effective=*/false); }

double sentence_bleu(const BleuCounts& counts) { return bleu(counts, /*effective=*/true); }

}  // namespace tertium
