#pragma once

namespace tertium {

struct Analysis;  // analysis/results.h

// What was found, as tables on standard output, 80 columns wide; the conclusions last.

/// Every number by layer and block: accuracy, alignment of TS and TF, flips under every control.
void print_tables(const Analysis& analysis);

/// The tests: accuracy, layer choices, correlations over languages, main against its strongest control, regression.
void print_statistics(const Analysis& analysis);

}  // namespace tertium
