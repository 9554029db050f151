#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace at {
class Tensor;
}

namespace tertium {

struct Config;

/// Affine translators, one for each stream index before the last, by which an early state is read as if it were the
/// last one: h + A h + b, before the final norm. They come from a safetensors file with tensors
/// `translator.<index>.weight` [D, D] (A) and, if there are any, `translator.<index>.bias` [D] (b), for all indices
/// 0..L-1. Cheap to copy; immutable.
class TunedLens {
 public:
  /// Throws Error naming file and tensor: one that is missing, of another shape or type, not finite, or has no place.
  TunedLens(const std::filesystem::path& path, const Config& config);

  /// States [R, D] at a stream index, in f32. The last index has no translator and stays.
  at::Tensor translated(std::size_t index, const at::Tensor& states) const;
  /// SHA-256 of its file.
  const std::string& hash() const { return hash_; }

 private:
  struct Translators;
  std::shared_ptr<const Translators> translators_;
  std::string hash_;
};

}  // namespace tertium
