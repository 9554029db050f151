#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tertium/formats/safetensors.h"

namespace tertium::test {

struct NamedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// A safetensors file of f32.
inline void write_tensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors) {
  std::vector<TensorView> views;
  for (const NamedTensor& tensor : tensors)
    views.push_back({tensor.name, DType::F32, tensor.shape, std::as_bytes(std::span(tensor.values))});
  write_safetensors(path, views);
}

}  // namespace tertium::test
