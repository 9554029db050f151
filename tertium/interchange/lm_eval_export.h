#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tertium {

/// What was written, and what not.
struct LmEvalFiles {
  std::filesystem::path folder;       // <out>/<model>
  std::vector<std::string> tasks;     // "xcopa_it": samples_xcopa_it_<time>.jsonl
  std::vector<std::string> left_out;  // "xcopa letters: lm-evaluation-harness has log-likelihoods only"
};

/// Writes the answers of a run as lm-evaluation-harness (0.4.13) lays them out: <out>/<model>/results_<time>.json and
/// samples_<task>_<language>_<time>.jsonl. <time> is when the run ended, so that the same results give the same files.
/// Texts are read again from the files that the run was made from. What the run does not know is null. Throws Error
/// naming every one of those files that is no longer the same, and where nothing can be written.
LmEvalFiles export_lm_eval(const std::filesystem::path& results, const std::filesystem::path& out);

}  // namespace tertium
