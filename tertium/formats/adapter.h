#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tertium/base/file.h"
#include "tertium/formats/module_pattern.h"
#include "tertium/formats/safetensors.h"

namespace tertium {

/// Modules by name: those that end in one of some names, or that fit an expression.
struct ModuleChoice {
  std::vector<std::string> names;
  std::optional<ModulePattern> pattern;  // instead of names
  bool all = false;                      // "all-linear": every one but the output head

  bool empty() const { return names.empty() && !pattern && !all; }
  bool holds(std::string_view module) const;
};

/// What adapter_config.json says of a LoRA adapter (Hu et al. 2021, arXiv 2106.09685).
struct AdapterConfig {
  std::string base;  // the model that it was made for, as its maker called it; empty if unknown
  int rank = 8;
  double alpha = 8;
  double dropout = 0;             // while it is trained
  bool rank_stabilized = false;   // alpha is divided by the rank's root (arXiv 2312.03732)
  bool fan_in_fan_out = false;    // the model stores its matrices [in, out]
  ModuleChoice targets, excluded;
  std::optional<std::set<int>> blocks;     // the only ones that are changed
  std::vector<std::string> block_parents;  // expressions for what stands before a block's number; empty: anything
  // For modules that fit an expression.
  std::vector<std::pair<ModulePattern, int>> ranks;
  std::vector<std::pair<ModulePattern, double>> alphas;

  bool targets_module(std::string_view module) const;
  int rank_of(std::string_view module) const;
  /// What B A is multiplied with.
  double scale_of(std::string_view module) const;

  std::string origin = {};  // for error messages
};

/// What an adapter does to one matrix W [out, in]: W x becomes W x + scale · B (A x).
struct LowRank {
  double scale = 1;
  const TensorView* a = nullptr;  // [r, in]
  const TensorView* b = nullptr;  // [out, r]
};

/// A LoRA adapter as PEFT writes it: a folder with adapter_config.json and adapter_model.safetensors. Nothing in it is
/// trusted, and nothing that changes results is passed over.
class Adapter {
 public:
  /// Throws Error naming the file, and the key or tensor: a kind of adapter or a setting that is not supported; a key
  /// that is not known and switches something on; a tensor that is none of a LoRA adapter's, of the wrong shape or
  /// without its other half, or of a module that the config does not name.
  explicit Adapter(const std::filesystem::path& folder);

  const std::string& origin() const { return config_.origin; }  // of the config
  const std::string& tensors_origin() const { return tensors_origin_; }
  const AdapterConfig& config() const { return config_; }
  /// By the module's name, "model.layers.0.self_attn.q_proj".
  const std::map<std::string, LowRank, std::less<>>& modules() const { return modules_; }
  /// Keys that are not used, and why that is right.
  const std::vector<std::pair<std::string, std::string>>& keys_left_aside() const { return left_aside_; }
  const std::vector<FileState>& files() const { return files_; }  // as they were when opened
  std::int64_t parameters() const;

 private:
  void read_config(const std::filesystem::path& file);
  void index_tensors();

  AdapterConfig config_;
  std::string tensors_origin_;
  std::optional<Safetensors> tensors_;
  std::map<std::string, LowRank, std::less<>> modules_;
  std::vector<std::pair<std::string, std::string>> left_aside_;
  std::vector<FileState> files_;
};

/// The full name of a factor in adapter_model.safetensors; `factor` is 'A' or 'B'.
std::string factor_name(std::string_view module, char factor);

/// Writes a folder that PEFT loads: the config (of its targets the names), and tensors named as factor_name does. Throws
/// Error if it cannot be written.
void write_adapter(const std::filesystem::path& folder, const AdapterConfig& config,
                   const std::vector<TensorView>& tensors);

}  // namespace tertium
