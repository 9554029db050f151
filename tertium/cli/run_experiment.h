#pragma once

#include <string>

#include "tertium/cli/command.h"
#include "tertium/engine/engine.h"

namespace tertium {

/// What `tertium run` is told.
struct RunOptions : ExperimentOptions {
  std::string out;
  std::string by;
  std::string answers, lm_eval;
  std::string worker;
  bool force = false;
  bool as_new = false;
  bool brief = false;  // the results are stored and not printed
  double unit_rows = 0;
  int batch_rows = EngineOptions{}.batch_rows;
};

/// Runs the experiment, or what is left of it, into options.out. Throws Error, or Exit where a signal stopped it.
void run_experiment(const RunOptions& options);

}  // namespace tertium
