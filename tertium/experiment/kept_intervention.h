#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tertium/base/file.h"
#include "tertium/engine/strand.h"

namespace tertium {

struct PreparedTask;  // experiment/run.h

/// A repair that an earlier run kept (docs/results.md, "repairs"), to be done to every run of its language.
struct KeptIntervention {
  std::string language;
  Site site;
  std::vector<float> values;
  Operation operation = Operation::add;
  double alpha = 0;
  bool everywhere = false;  // at all rows but a sequence's first, renormed; else at the last row of a context
  FileState state;          // of the file that it was read from

  Change change() const;
  /// Does it to a text whose last row predicts something, or that hangs on one (`continues`).
  void add_to(Job& job, int strand, bool continues) const;
};

/// Throws Error naming the file for one that is no kept repair, or is one of another width or depth than the model's.
KeptIntervention read_intervention(const std::filesystem::path& file, const Config& config);

/// Attaches it to its language in all tasks. Throws Error if none asks that language.
void attach(const KeptIntervention& intervention, const std::filesystem::path& file, std::vector<PreparedTask>& tasks);

}  // namespace tertium
