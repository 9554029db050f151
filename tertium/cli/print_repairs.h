#pragma once

namespace tertium {

struct Analysis;
struct Part;

/// Every repair beside what it is held against.
void print_repairs(const Analysis& analysis, const Part& part);

}  // namespace tertium
