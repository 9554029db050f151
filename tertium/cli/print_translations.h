#pragma once

namespace tertium {

struct Analysis;

/// How languages are translated, and what patches do to it. `all`: every block and layer, not the best alone.
void print_translations(const Analysis& analysis, bool all);

}  // namespace tertium
