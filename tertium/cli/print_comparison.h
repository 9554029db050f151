#pragma once

#include "tertium/analysis/comparison.h"

namespace tertium {

/// Failures that were mended and successes that were broken, a line each language; nothing where no pivot stands
/// beside.
void print_transfer(const Comparison& comparison);

void print_conclusions(const Comparison& comparison);

}  // namespace tertium
