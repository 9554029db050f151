#pragma once

#include <span>
#include <vector>

#include "tertium/engine/lens.h"
#include "tertium/store/store.h"

namespace tertium {

struct PreparedLanguage;
struct PreparedTask;

/// What the lens reads of an item. Loglik: the first token of each of its options ("own0" …), and in other languages
/// than the pivot that of the pivot's ("pivot0" …). Letters: the letters. Nothing of an item whose options fill a
/// blank, since its answer is read at another row for each option.
struct LensWords {
  std::vector<std::string> token_of;
  std::vector<std::int32_t> tokens;
};
LensWords lens_words(const PreparedTask& task, const PreparedLanguage& language, std::size_t item);

/// Reads the streams of some items, [L + 1, D] each, and makes their rows. Throws Error as read_lens does.
std::vector<LensRow> lens_rows(const PreparedTask& task, const PreparedLanguage& language,
                               std::span<const std::size_t> items, std::span<const std::vector<float>> streams,
                               const Model& model, const TunedLens* tuned);

}  // namespace tertium
