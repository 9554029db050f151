#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/base/file.h"
#include "tertium/ops/hardware.h"

namespace tertium {

class Ops;        // ops/ops.h
class Placement;  // model/placement.h
struct Config;    // model/config.h
struct Weights;   // model/weights.h: torch tensors, which only model/ and engine/ see

/// The numbers that matrix products are computed in. The stream, norms, softmax and scores are f32 in all of them.
enum class Precision { f32, bf16, f16 };
std::string_view to_string(Precision precision);

/// "f32", "bf16", "f16", or "auto": the file's own where it is f32; bf16 where the file is half precision or quantized
/// and the hardware multiplies bf16; else f32. Throws Error naming the known spellings.
Precision precision_named(std::string_view name, const Config& config, const Hardware& hardware = {});

/// A decoder-only language model, ready to be run by the engine. Cheap to copy; immutable.
class Model {
 public:
  /// `path`: a Hugging Face folder or a .gguf file; `dtype` as in precision_named; `adapter`: none, or a folder whose
  /// LoRA is added to the weights (formats/adapter.h); `hardware`: where it is to run. Throws Error naming file and
  /// tensor, or the device.
  static Model load(const std::filesystem::path& path, std::string_view dtype,
                    const std::filesystem::path& adapter = {}, const Hardware& hardware = {});

  /// Of a Llama's shape with random weights made in memory, to measure with.
  static Model random(const Config& config, std::string_view dtype, const Hardware& hardware = {});

  const Config& config() const { return *config_; }
  /// What computes a block, or for block_count() what lies behind them; the embeddings are block 0's.
  const Ops& ops(int block) const;
  const Ops& last_ops() const;
  /// How many passes are best under way at once, where there are so many threads.
  int passes_at_once(int threads) const;
  /// The bytes that there are to spare for what is only useful, wherever it runs.
  double spare_memory() const;
  Precision precision() const { return precision_; }
  std::string device() const;   // "cpu", "cuda:0", "cuda:0=0-15,cuda:1=16-31"
  std::string kernels() const;  // "tuned", "aten"
  /// Where it runs, in words: "the CPU", "cuda:0".
  std::string place() const;
  const Weights& weights() const { return *weights_; }
  /// The same with matrices as they are written down (model/weights.h), made when first asked for.
  const Weights& plain_weights() const;
  /// Throws Error naming a file of the model that was cut, overwritten, replaced or removed since it was opened: its
  /// weights lie in the file, so that numbers from before and after would be of two models.
  void demand_unchanged() const { tertium::demand_unchanged(files_); }

 private:
  Model() = default;

  std::shared_ptr<const Config> config_;
  Precision precision_ = Precision::f32;
  std::vector<FileState> files_;
  std::shared_ptr<const Placement> placement_;
  std::shared_ptr<const Weights> weights_;
  struct PlainWeights;
  std::shared_ptr<PlainWeights> plain_;
};

}  // namespace tertium
