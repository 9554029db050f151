#pragma once

namespace tertium {

struct Analysis;  // analysis/results.h

/// A line for each language and pooling of a parallel corpus, where MEXA is largest.
void print_nearest(const Analysis& analysis);

/// MEXA by layer and pooling, of every corpus.
void print_corpora(const Analysis& analysis);

}  // namespace tertium
