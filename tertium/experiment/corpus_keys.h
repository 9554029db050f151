#pragma once

#include <string>

#include "tertium/experiment/experiment.h"

namespace tertium {

class TomlTable;

/// The keys that say which parallel text is meant: data, split, languages, files, offset, limit.
CorpusSpec read_corpus_keys(TomlTable& table, const std::string& pivot);

}  // namespace tertium
