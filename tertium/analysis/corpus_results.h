#pragma once

#include <vector>

#include "tertium/analysis/results.h"

namespace tertium {

/// What a parallel corpus says of a language under one pooling, at the stream index where MEXA is largest (the first of
/// several) and over all of them. In the order in which rows were stored; of corpora that were run, not of imported
/// means.
std::vector<CorpusResult> corpus_results(const Observations& observations);

}  // namespace tertium
