#pragma once

#include "tertium/cli/chart.h"

namespace tertium {

struct Analysis;  // analysis/results.h

/// What the eye should get first, 80 columns wide: each language's accuracy with its interval, alignment of TS and TF
/// by layer and flips by block under every control as bars; the conclusions last.
void print_picture(const Analysis& analysis, Ink ink);

}  // namespace tertium
