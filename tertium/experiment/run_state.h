#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tertium/experiment/stages.h"

namespace tertium {

class Store;

// How a run is getting on, by what its results.db says: whoever runs it need not know that somebody looks.

/// A stage and how fast it goes.
struct StageSpeed {
  StageState stage;
  std::optional<double> per_second;    // items, by its units that are done
  std::optional<double> seconds_left;  // unknown before any stage of its kind has units
};

/// What one worker has done.
struct WorkerState {
  std::string name;
  std::size_t units = 0;
  double seconds = 0;  // of its units
};

struct RunState {
  enum class Is {
    running,   // somebody writes to the folder
    finished,  // all is done
    ended,     // nobody writes, and something is missing
  };

  Is is = Is::ended;
  std::string writer;                               // "process 4711 on node7"; empty where nobody writes
  std::string model, started, continued, finished;  // as in `runs`
  std::vector<StageSpeed> stages;
  std::vector<WorkerState> workers;
  std::size_t units = 0;               // that are done
  std::size_t failed = 0;              // that met an error
  std::vector<std::string> failures;   // their errors, each once
  std::optional<double> seconds_left;  // of all stages whose speed is known
  std::size_t unknown = 0;             // stages that seconds_left is without

  std::size_t stages_done() const;
};

RunState run_state(const std::filesystem::path& folder);

}  // namespace tertium
