#pragma once

#include <filesystem>
#include <string>

#include "tertium/cli/run_parts.h"

namespace tertium {

class Shares;

/// What one of several workers did: its share of what `out` lacks, into results of its own.
struct ShareDone {
  RunOutcome outcome;
  std::filesystem::path folder;
  bool waits = false;  // some of it needs more answers than there are
};
ShareDone do_share(const Prepared& run, const std::filesystem::path& out, const std::string& name, Shares& shares,
                   RunControl control, bool quiet);

/// --worker I/N
struct Share {
  int index = 0, count = 1;
};
/// Throws Error for what is none.
Share share_of(const std::string& text);

/// A worker that knows nothing of the others.
void run_share(const Prepared& run, const std::filesystem::path& out, const Share& share, const RunControl& control,
               bool quiet);

}  // namespace tertium
