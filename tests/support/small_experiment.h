#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/program.h"
#include "tests/support/tiny_model.h"

namespace tertium::test {

/// A whole experiment that runs in a moment: a tiny random model, 20 parallel items in two languages, and an experiment
/// file that asks them in both protocols, aligns and patches.
class SmallExperiment : public FolderTest {
 protected:
  static constexpr int kItems = 20;
  static constexpr int kOptions = 2;

  SmallExperiment();

  /// A quiet run into `results`, or another folder beside it, with more arguments.
  Finished run(const std::vector<std::string>& more = {}, const std::string& name = "results") const;
  /// The folder of a run that must succeed.
  std::filesystem::path results_of(const std::string& name, const std::vector<std::string>& more = {}) const;

  /// Writes one language's items anew, with one line replaced (counted from 1, as error messages count).
  void replace_item(const std::string& language, int line, const std::string& with) const;

  TinyModel tiny;  // as written to `model`; change it and write it again
  const std::filesystem::path model = folder / "model";
  const std::filesystem::path data = folder / "data";
  const std::filesystem::path experiment = folder / "experiment.toml";
  const std::filesystem::path results = folder / "results";
};

}  // namespace tertium::test
