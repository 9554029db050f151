#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tertium/base/toml.h"
#include "tertium/experiment/experiment.h"
#include "tertium/training/train_spec.h"

namespace tertium {

/// The [train] table of an experiment file (docs/training.md).
struct TrainTable {
  TrainSpec spec;
  CorpusSpec parallel;        // the text whose sides are aligned
  bool layer_by_mexa = true;  // the stream index of the highest MEXA before training, instead of the spec's
  double held_out = 0.1;      // a share of every language's pairs, and of the texts
  // Where the task's loss comes from: one of them, or nothing.
  std::filesystem::path text;
  std::string task;                  // the name of a [[task]]
  std::string task_split;            // empty: that table's own
  std::vector<std::string> task_languages;
  std::vector<Method> baselines;
};

/// Throws Error naming `origin`, line and key.
TrainTable read_train_table(const toml::table& table, const std::string& origin, const std::string& pivot);

/// That of an experiment. Throws Error if it has none.
TrainTable training_of(const Experiment& experiment);

}  // namespace tertium
