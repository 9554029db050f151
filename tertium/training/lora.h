#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tertium/formats/adapter.h"
#include "tertium/model/adaptation.h"
#include "tertium/screening/plain_forward.h"
#include "tertium/training/train_spec.h"

namespace tertium {

/// A LoRA adapter whose factors are being trained beside a model's fixed weights, in f32.
class LiveAdapter {
 public:
  /// A new one: A uniform (Kaiming, a = sqrt 5), seeded, and B zero. Throws Error if a target names no matrix, or the model
  /// is not read from files.
  static LiveAdapter fresh(const Model& model, const TrainSpec& spec);
  /// One that PEFT saved.
  static LiveAdapter read(const Model& model, const Adapter& adapter);

  /// What it adds to the model's products. `dropout_seed` decides which inputs are dropped; the same one drops the same.
  /// Without dropout where `training` is false. This must outlive it.
  Addition addition(bool training, std::uint64_t dropout_seed = 0) const;

  /// Every A and B by its name in PEFT's file; they know their gradients.
  const std::vector<std::pair<std::string, at::Tensor>>& parameters() const { return parameters_; }
  /// The first block that it changes.
  int first_block() const { return first_block_; }

  /// Writes the folder that PEFT loads. `base`: what to call the model.
  void write(const std::filesystem::path& folder, const std::string& base) const;

 private:
  struct Matrix {
    AdaptableMatrix place;
    at::Tensor a, b;  // [r, in], [out, r]; undefined where it is not trained
    double scale = 1;
  };
  using Place = std::pair<int, Product>;

  void add(const AdaptableMatrix& place, at::Tensor a, at::Tensor b, double scale);

  AdapterConfig config_;
  std::map<Place, std::vector<Matrix>> matrices_;  // in the order of their columns
  std::vector<std::pair<std::string, at::Tensor>> parameters_;
  int first_block_ = -1;
};

}  // namespace tertium
