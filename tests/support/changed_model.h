#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tertium/engine/engine.h"

namespace tertium::test {

/// A golden model of which some tensors or keys of the config are changed.
class Changed {
 public:
  using Change = std::function<void(std::vector<float>& values)>;

  explicit Changed(const char* family);

  /// Of all tensors whose names contain `part`.
  Changed& tensors(const std::string& part, Change change);
  Changed& times(const std::string& part, float factor);
  Changed& key(const std::string& name, nlohmann::json value);

  Engine load(const char* dtype) const;

 private:
  std::filesystem::path from_;
  std::vector<std::pair<std::string, Change>> changes_;
  nlohmann::json keys_ = nlohmann::json::object();
};

}  // namespace tertium::test
