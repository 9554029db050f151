#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/formats/gguf.h"
#include "tertium/model/config.h"
#include "tertium/model/file_keys.h"

namespace tertium {

/// The architecture's keys of a GGUF file: `count("block_count")` reads "llama.block_count". Every getter throws Error
/// naming file and key, and notes that the key was read.
class GgufConfig {
 public:
  GgufConfig(const Gguf& file, std::string architecture)
      : file_(file), architecture_(std::move(architecture)), read_(std::make_shared<std::set<std::string>>()) {}

  bool has(std::string_view key) const { return file_.has(full(key)); }
  int count(std::string_view key) const;
  int count_or(std::string_view key, int fallback) const { return has(key) ? count(key) : fallback; }
  double number(std::string_view key) const;
  double number_or(std::string_view key, double fallback) const { return has(key) ? number(key) : fallback; }
  /// A window of positions; 0, or absent where `fallback` is 0, means none.
  int window_or(std::string_view key, int fallback) const;
  bool flag_or(std::string_view key, bool fallback) const { return has(key) ? get<bool>(key) : fallback; }
  bool has_tensor(std::string_view name) const { return file_.find(name) != nullptr; }
  /// Refuses another number than `only`, or than one of two. An absent key passes.
  void demand(std::string_view key, double only) const { demand(key, only, only); }
  void demand(std::string_view key, double one, double other) const;
  /// Which blocks slide: as attention.sliding_window_pattern says (a list, or a period), or all but every `period`-th.
  std::vector<bool> sliding(const Config& config, int period) const;
  /// Theta, the scaling keys, and the factors that the file stores as tensors.
  Rope rope(const Config& config, double default_theta) const;
  const Gguf& file() const { return file_; }
  /// As ConfigReader's, of the keys that begin with the architecture's name and those of no known kind.
  std::vector<LeftAside> left_aside() const;
  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  std::string full(std::string_view key) const { return architecture_ + "." + std::string(key); }
  template <class T>
  T get(std::string_view key) const {
    read_->insert(full(key));
    return file_.get<T>(full(key));
  }
  std::vector<float> factors(std::string_view tensor, int rotated) const;  // none if the file has no such tensor

  const Gguf& file_;
  std::string architecture_;
  std::shared_ptr<std::set<std::string>> read_;  // full names
};

/// What every family shares. `norm` decides which epsilon is read.
Config common_config(const GgufConfig& config, Norm norm = Norm::rms);

/// The same rope for short contexts, as sliding blocks have it.
Rope unscaled(Rope rope);

/// A GGUF file's experts: in every block, if it names any.
void read_experts(const GgufConfig& gguf, Config& config);

}  // namespace tertium
