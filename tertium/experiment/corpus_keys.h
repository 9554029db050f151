#pragma once

#include <string>
#include <vector>

#include "tertium/experiment/experiment.h"

namespace tertium {

class TomlTable;

/// The keys that say which parallel text is meant: data, split, languages, files, offset, limit. `others`: languages
/// beside pivot and languages that files may name.
CorpusSpec read_corpus_keys(TomlTable& table, const std::string& pivot, const std::vector<std::string>& others = {});

}  // namespace tertium
