#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/formats/mapped_file.h"
#include "tertium/formats/tensor_view.h"

namespace tertium {

/// A safetensors file: 8 bytes of header length, a JSON header, then the tensors' bytes. Nothing in it is trusted.
class Safetensors {
 public:
  /// Throws Error naming the file (and the tensor) for a truncated file, a header that is no JSON, an unknown dtype,
  /// offsets outside the file or that do not fit shape and dtype, tensors that share bytes or a name, bytes that belong
  /// to no tensor, or a negative or overflowing shape. A size of 0 is allowed, as in PyTorch.
  explicit Safetensors(const std::filesystem::path& path);

  const std::vector<TensorView>& tensors() const { return tensors_; }  // in name order
  /// Null if there is none of that name.
  const TensorView* find(std::string_view name) const;
  const FileState& state() const { return file_.state(); }  // when it was mapped

 private:
  MappedFile file_;
  std::vector<TensorView> tensors_;
};

/// Writes tensors, in the given order, to a safetensors file (for tests, and for tools that make models). Throws Error
/// if the file cannot be written, a name comes twice or is not UTF-8, or a dtype is one of GGUF's blocks.
/// `metadata` is for readers; this program ignores it.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace tertium
