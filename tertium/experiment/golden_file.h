#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/formats/safetensors.h"

namespace tertium {

/// A file of reference numbers (docs/golden.md). Whoever asks for a tensor says its shape; what does not fit throws
/// Error naming file and tensor.
class GoldenFile {
 public:
  explicit GoldenFile(const std::filesystem::path& path) : path_(path.string()), file_(path) {}

  bool has(std::string_view name) const { return file_.find(name) != nullptr; }
  std::vector<std::string> names() const;  // of all tensors, in order

  /// Ids, too, which are whole numbers.
  std::vector<float> floats(const std::string& name, const std::vector<std::int64_t>& shape) const;
  /// Those that the model has embeddings for.
  std::vector<std::int32_t> ids(const std::string& name, int vocabulary) const;

  const std::string& path() const { return path_; }

 private:
  const TensorView& at(const std::string& name) const;

  std::string path_;
  Safetensors file_;
};

}  // namespace tertium
