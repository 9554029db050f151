#pragma once

#include <filesystem>

namespace tertium {

/// Writes a run's answers as lm-evaluation-harness's files (export_lm_eval) and says what was written, and what not.
void write_lm_eval(const std::filesystem::path& results, const std::filesystem::path& out);

}  // namespace tertium
