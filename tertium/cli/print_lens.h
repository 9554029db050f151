#pragma once

namespace tertium {

struct Analysis;
struct Part;

/// What the lens reads by layer, TS and TF beside each other.
void print_lens(const Analysis& analysis, const Part& part);

}  // namespace tertium
