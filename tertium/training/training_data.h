#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tertium {

/// A sentence and its translation into the pivot, as token ids.
struct TokenPair {
  std::vector<std::int32_t> x, pivot;
};

/// A text as token ids, of which the first `prompt` (at least 1: the first token has nothing that predicts it) bear no loss.
struct TokenText {
  std::vector<std::int32_t> ids;
  int prompt = 1;
};

/// The pairs of one language, none twice.
struct LanguagePairs {
  std::string language;
  std::vector<TokenPair> pairs, held_out;
};

struct TrainingData {
  std::vector<LanguagePairs> languages;
  std::vector<TokenText> texts, held_out_texts;  // of the task; none: no task loss
};

}  // namespace tertium
