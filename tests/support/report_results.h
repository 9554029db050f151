#pragma once

#include <filesystem>

#include "tertium/store/store.h"

namespace tertium::test {

/// Results that look like a run's, made up by a seed: English and four languages in their own scripts, alignment, a
/// parallel corpus, translations, and patches that repair and harm under five controls. Item "<b>0</b>" says what a page must not
/// obey, "1" says 100 kB.
struct MadeUp {
  int items = 24;
  int blocks = 6;
  int seed = 1;
  int sentences = 6;  // translated from English, Arabic and Italian into Swahili
};
void write_made_up_results(const std::filesystem::path& folder, const MadeUp& what = {});

}  // namespace tertium::test
