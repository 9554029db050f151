#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tertium/audit/finding.h"
#include "tertium/experiment/run.h"

namespace tertium {

struct Audit {
  std::vector<Finding> findings;      // by task, then language, then severity; of a task as a whole first
  std::vector<std::string> left_out;  // what was not checked, and why: a sentence each

  std::size_t count(Severity severity) const;
};

/// "2 errors, 1 warning, 3 notes"; "nothing" if nothing was found.
std::string counted(const Audit& audit);

/// Looks for what ruins an experiment (docs/audit.md) before anything is computed. What cannot be read is a finding,
/// and the rest is looked at all the same. Without the model's tokenizer the checks of tokens are left out.
Audit audit(const Experiment& experiment);

/// The same of an experiment that is prepared for a run already; nothing is tokenized again.
Audit audit(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Tokenizer& tokenizer,
            const Limits& limits);

}  // namespace tertium
