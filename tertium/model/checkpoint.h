#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tertium/formats/gguf.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"
#include "tertium/model/f8_scaling.h"
#include "tertium/model/family.h"

namespace tertium {

/// A model on disk: its config, and its tensors by the family's names. The files stay mapped as long as it lives.
class Checkpoint {
 public:
  /// A Hugging Face folder (config.json; model.safetensors or its shards) or a .gguf file. Throws Error naming the
  /// file.
  explicit Checkpoint(const std::filesystem::path& path);

  const Config& config() const { return config_; }
  const Family& family() const { return *family_; }
  const std::string& origin() const { return origin_; }  // for error messages
  bool is_gguf() const { return gguf_ != nullptr; }

  /// What this checkpoint calls a weight of a block (and expert); empty if files of its kind have none.
  std::string spelled(const WeightName& name, int block = 0, int expert = 0) const;
  /// A tensor by its full name ("model.norm.weight"), or null. What is asked for counts as used.
  const TensorView* find(const std::string& name);
  /// The same, which must be there. Throws Error naming file and tensor.
  const TensorView& tensor(const std::string& name);
  const F8Scaling& f8_scaling() const { return f8_scaling_; }
  /// Keys of the config or the metadata that the model does not use, and why.
  const std::vector<LeftAside>& keys_left_aside() const { return keys_left_aside_; }
  /// Throws Error naming a tensor that nothing asked for: the family's equations would not be the file's.
  void demand_all_used() const;
  /// Tensors that the model does without, a line for each kind: "48 tensors \"….k_scale\": scales of a quantized KV …".
  std::vector<std::string> left_aside() const;

  const std::vector<FileState>& files() const { return files_; }  // config and weights, as they were when opened
  std::size_t bytes() const;                                      // of all the model's tensors
  std::int64_t parameters() const;                                // numbers in them

 private:
  void open_folder(const std::filesystem::path& folder);
  void open_gguf(const std::filesystem::path& file);
  void index_tensors();
  void find_prefix();
  std::string_view why_left_aside(std::string_view tensor) const;

  std::string origin_;
  std::vector<FileState> files_;
  std::unique_ptr<Gguf> gguf_;
  std::vector<Safetensors> shards_;
  const Family* family_ = nullptr;
  Config config_;
  std::string usual_prefix_, prefix_;  // of the weights' names: the family's, and this checkpoint's
  std::string head_prefix_;            // stands before the head's name
  F8Scaling f8_scaling_;
  bool has_f8_ = false;
  std::vector<LeftAside> keys_left_aside_;
  std::map<std::string_view, const TensorView*> tensors_;
  std::set<std::string, std::less<>> used_;
};

/// A model's config and files, and those of its adapter, if it has one; without its weights.
std::pair<Config, std::vector<FileState>> config_and_files(const std::filesystem::path& path,
                                                           const std::filesystem::path& adapter = {});

}  // namespace tertium
