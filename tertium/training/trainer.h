#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tertium/training/train_spec.h"
#include "tertium/training/training_data.h"

namespace tertium {

class Model;

/// How one step went. A loss that it did not have is NaN.
struct StepReport {
  int step = 0;  // from 1
  double task = 0, alignment = 0;
  double gradient = 0;  // its length before clipping
  double rate = 0;
};

/// The states of a language's held-out sentences at one stream index, [sentences, width] each.
struct HeldOutStates {
  std::vector<float> x, pivot;
};

/// What the parts that are not trained on say after some step.
struct Evaluation {
  int step = 0;
  double task = std::numeric_limits<double>::quiet_NaN();       // NaN without held-out texts
  double alignment = std::numeric_limits<double>::quiet_NaN();  // of true pairs, whatever is trained
  std::vector<std::string> languages;
  std::vector<std::vector<double>> mexa;  // of each language, by stream index
};

/// What a training tells and asks on its way.
struct TrainingWatch {
  std::function<void(const StepReport&)> stepped;
  std::function<void(const Evaluation&)> evaluated;
  std::function<double(const HeldOutStates&, std::size_t width)> mexa;
  std::function<bool()> stop;  // between steps
};

struct TrainingRun {
  Method method = Method::aligned;
  std::filesystem::path folder;  // of the adapter and what goes on with it
  std::string base;              // what the adapter calls its model
  std::string fingerprint;       // of what decides the numbers; a checkpoint of another is refused
  int end = 0;                   // the step after which it ends, before the spec's last; 0: that
};

struct TrainingOutcome {
  int steps = 0;  // after which the adapter was written
  bool stopped = false;   // by TrainingWatch::stop; the same call goes on
  bool early = false;     // no improvement any more
};

/// Trains an adapter and writes it to `run.folder`. What it needs to go on lies in a checkpoint file beside that folder,
/// which also says that it is done. Throws Error: for what is wrong with data and spec, a checkpoint of something else, a
/// loss that is not finite.
TrainingOutcome train_adapter(const Model& model, const TrainSpec& spec, const TrainingData& data, const TrainingRun& run,
                              const TrainingWatch& watch);

/// What the model itself says of the parts that are not trained on.
Evaluation evaluation_before(const Model& model, const TrainSpec& spec, const TrainingData& data,
                             const TrainingWatch& watch);

/// Throws Error if a spec does not fit a model or the data.
void demand_trainable(const Model& model, const TrainSpec& spec, const TrainingData& data);

/// The numbers of an adapter of this spec, and the bytes that a step takes beside the model, about.
struct TrainingSize {
  std::int64_t parameters = 0;
  double bytes = 0;
};
TrainingSize size_of_training(const Model& model, const TrainSpec& spec, const TrainingData& data);

}  // namespace tertium
