#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

class Model;
class TunedLens;

/// One row's stream, to be read at every index as the last one is: through the final norm and the head.
struct LensQuestion {
  std::string name;               // for error messages: "xcopa it, item 12"
  std::span<const float> stream;  // [L + 1, D], as Quantity::resid of one row gives it
  Readout readout;
  std::vector<std::int32_t> tokens;  // logits: none for the whole vocabulary
};

/// What stood there at each stream index.
struct LensAnswer {
  std::vector<float> values;   // [L + 1, tokens], or [L + 1, V]
  std::vector<float> entropy;  // [L + 1] of the distribution over the vocabulary, in bits; log_probs only
};

/// Reads all of them, with all threads. `tuned`: translates each index but the last before the norm; null: the plain
/// logit lens. Throws Error naming the question and the index where numbers become NaN or infinite.
std::vector<LensAnswer> read_lens(const Model& model, std::span<const LensQuestion> questions,
                                  const TunedLens* tuned = nullptr);

}  // namespace tertium
