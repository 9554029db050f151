#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/inputs.h"
#include "tertium/training/trainer.h"

namespace tertium {

class Model;
class Tokenizer;

/// All that a training reads, in token ids. Nothing has run yet.
struct PreparedTraining {
  TrainSpec spec;
  TrainingData data;
  std::vector<Method> methods;  // the aligned one first
  std::vector<std::filesystem::path> files;  // all that decide numbers, beside model and tokenizer
};

/// Reads and encodes what [train] names. Throws Error naming file and line, or the key of [train].
PreparedTraining prepare_training(const Experiment& experiment, const Tokenizer& tokenizer, const Config& config);

/// What a training tells on its way.
struct TrainingReport {
  Progress progress;
  std::function<void(const std::string&)> say;  // one line
  std::function<bool()> stop;
};

/// How the training of one method ended.
struct TrainedAdapter {
  Method method = Method::aligned;
  std::filesystem::path folder;
  TrainingOutcome outcome;
  Evaluation last;
};

/// Trains every method into `out`/<method>, and files beside them what they were made of (training.json), and every step
/// and evaluation (<method>.jsonl). What is done stays, and what was broken off goes on. Ends where `report.stop` says so.
std::vector<TrainedAdapter> run_training(const Experiment& experiment, PreparedTraining& training, const Model& model,
                                         const InputHashes& hashes, const std::filesystem::path& out,
                                         const TrainingReport& report);

/// A share of each language's pairs, MEXA of their sentence states at one layer (docs/methods.md, section 12).
double mexa_of(const HeldOutStates& states, std::size_t width);

}  // namespace tertium
