#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tertium/formats/gguf.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"
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

  /// The tensor `name` of block `block`, which must have `shape`. Throws Error naming file and tensor if absent or
  /// misshaped.
  const TensorView& tensor(const WeightName& name, int block, const std::vector<std::int64_t>& shape);
  /// Throws Error naming a tensor that nothing asked for: the family's equations would not be the file's.
  void demand_all_used() const;

  const std::vector<std::filesystem::path>& files() const { return files_; }  // config and weights, for their hashes
  std::size_t bytes() const;                                                  // of all tensors

 private:
  void open_folder(const std::filesystem::path& folder);
  void open_gguf(const std::filesystem::path& file);
  std::vector<const TensorView*> all() const;

  std::string origin_;
  std::vector<std::filesystem::path> files_;
  std::unique_ptr<Gguf> gguf_;
  std::vector<Safetensors> shards_;
  const Family* family_ = nullptr;
  Config config_;
  std::set<std::string> used_;
};

}  // namespace tertium
