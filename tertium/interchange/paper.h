#pragma once

#include <filesystem>

#include "tertium/store/store.h"

namespace tertium {

/// Adds the per-item outputs that the study's authors published, as a folder holds them: xcopa/<language>.json, each
/// with correct_en and correct_x (a digit 0 or 1 an item) and a list of such texts, one a layer, for every metric; and
/// xstorycloze_by_language.json, means by language. Answers go under protocol `correct`, since only right or wrong is
/// known. Throws Error naming the file for whatever has another form.
void import_paper(const std::filesystem::path& folder, Store& store);

}  // namespace tertium
