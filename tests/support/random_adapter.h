#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace tertium::test {

/// A PEFT folder of random numbers, right unless it is changed.
struct RandomAdapter {
  struct Module {
    std::string name;
    std::int64_t out = 0, in = 0;
    int rank = 4;
  };
  std::vector<Module> modules;
  nlohmann::json config = nlohmann::json::object();  // replaces or adds keys of adapter_config.json
  std::uint64_t seed = 1;

  /// Of every matrix of every block of a model.
  static RandomAdapter of(const std::filesystem::path& model);

  /// Makes the folder.
  void write(const std::filesystem::path& folder) const;
};

}  // namespace tertium::test
