#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tertium::test {

/// A Llama small enough to be written, loaded and run in milliseconds. Its tokenizer splits at white space and around
/// punctuation ("wet." is two words) and puts a BOS first; a word that is not in the list becomes the unknown one.
struct TinyModel {
  int blocks = 2;
  int width = 16;
  int heads = 2;
  int kv_heads = 1;
  int head_dim = 8;
  int mlp = 24;
  int context = 128;
  std::vector<std::string> words;  // their ids follow kBos and kUnknown
  /// Values by tensor name ("model.layers.0.self_attn.q_proj.weight"), row-major; one value alone fills the whole
  /// tensor. Those left out are seeded random numbers, and 1 in the norms.
  std::map<std::string, std::vector<float>> weights;
  bool tied = false;  // no lm_head.weight then
  std::uint64_t seed = 1;
  nlohmann::json config = nlohmann::json::object();  // replaces or adds keys of config.json

  static constexpr int kBos = 0;
  static constexpr int kUnknown = 1;
  int vocabulary() const { return kUnknown + 1 + static_cast<int>(words.size()); }
  int id(std::string_view word) const;  // kUnknown if it is not in the list
};

/// Every tensor of the model's file and its shape.
std::map<std::string, std::vector<std::int64_t>> tensor_shapes(const TinyModel& model);

/// Writes config.json, model.safetensors (f32) and tokenizer.json as Hugging Face lays them out; makes the folder.
/// Throws std::logic_error for a weight that the model does not have or that is of another size.
void write_tiny_model(const std::filesystem::path& folder, const TinyModel& model);

}  // namespace tertium::test
