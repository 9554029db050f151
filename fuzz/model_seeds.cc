#include "fuzz/model_seeds.h"

#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "fuzz/folder.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/family.h"
#include "tertium/model/model.h"
#include "tests/support/gguf_builder.h"

// Nobody lists the tensors of each family here: the loader says which one it lacks, and of what shape it must be.

namespace tertium::fuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::encoded;
using test::GgufBuilder;
using Shape = std::vector<std::int64_t>;
using Shapes = std::map<std::string, Shape>;

constexpr int kWidth = 8, kHeads = 2, kWords = 6, kExperts = 2;

std::size_t count_of(const Shape& shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  return count;
}

/// The shapes of all tensors of the model that `write` writes with those given; none if the loader refuses the model for
/// another reason: then the family has no seed.
template <class Write>
Shapes tensors_of(const fs::path& model, Shapes shapes, const Write& write) {
  static const std::regex missing("no tensor \"([^\"]+)\"");
  static const std::regex misshaped("tensor \"([^\"]+)\" has the shape .* asks for \\[([0-9, ]+)\\]");
  for (;;) {
    write(shapes);
    try {
      Model::load(model, "f32");
      return shapes;
    } catch (const Error& error) {
      const std::string message = error.what();
      std::smatch match;
      if (std::regex_search(message, match, missing) && shapes.try_emplace(match[1].str(), Shape{1}).second) continue;
      if (!std::regex_search(message, match, misshaped)) {
        std::fprintf(stderr, "no seed: %s\n", message.c_str());
        return {};
      }
      shapes[match[1].str()] = json::parse("[" + match[2].str() + "]").get<Shape>();
    }
  }
}

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

json config_of(std::string_view model_type) {
  return {{"model_type", model_type},
          {"hidden_size", kWidth},
          {"num_attention_heads", kHeads},
          {"num_key_value_heads", kHeads},
          {"head_dim", kWidth / kHeads},
          {"partial_rotary_factor", 1.0},
          {"rotary_pct", 1.0},
          {"intermediate_size", kWidth},
          {"moe_intermediate_size", kWidth},
          {"num_hidden_layers", 1},
          {"vocab_size", kWords},
          {"max_position_embeddings", 16},
          {"num_local_experts", kExperts},
          {"num_experts", kExperts},
          {"num_experts_per_tok", 1},
          {"eos_token_id", 1},
          {"pad_token_id", 0}};
}

void write_weights(const fs::path& file, const Shapes& shapes) {
  const std::vector<std::uint16_t> numbers(1 << 12, 0x3e00);  // 0.125
  std::vector<TensorView> tensors;
  for (const auto& [name, shape] : shapes)
    tensors.push_back({name, DType::BF16, shape, std::as_bytes(std::span(numbers)).first(2 * count_of(shape))});
  write_safetensors(file, tensors);
}

/// A config.json that the family takes: the loader says which of the common keys it does not know, and how it spells
/// others.
json taken_config(const fs::path& folder, std::string_view model_type) {
  static const std::regex unknown("\"([^\"]+)\" is a setting that tertium does not know");
  static const std::regex misspelled("\"([^\"]+)\": this family does not read it; ([a-z_]+) is what counts");
  write_weights(folder / "model.safetensors", {{"none", {1}}});
  for (json config = config_of(model_type);;) {
    write(folder / "config.json", config.dump());
    try {
      Model::load(folder, "f32");
      return config;
    } catch (const Error& error) {
      const std::string message = error.what();
      std::smatch match;
      const bool is_misspelled = std::regex_search(message, match, misspelled);
      if (!is_misspelled && !std::regex_search(message, match, unknown)) return config;
      if (!config.contains(match[1].str())) return config;
      if (is_misspelled) config[match[2].str()] = config[match[1].str()];
      config.erase(match[1].str());
    }
  }
}

std::string gguf_bytes(std::string_view architecture, const Shapes& shapes) {
  const auto key = [&](const char* name) { return std::string(architecture) + "." + name; };
  const auto number = [](std::uint32_t value) { return encoded(value); };
  GgufBuilder gguf;
  gguf.text("general.architecture", architecture)
      .pair(key("embedding_length"), 4, number(kWidth))
      .pair(key("attention.head_count"), 4, number(kHeads))
      .pair(key("feed_forward_length"), 4, number(kWidth))
      .pair(key("block_count"), 4, number(1))
      .pair(key("context_length"), 4, number(16))
      .pair(key("attention.layer_norm_rms_epsilon"), 6, encoded(1e-5f))
      .pair(key("attention.layer_norm_epsilon"), 6, encoded(1e-5f));
  for (const auto& [name, shape] : shapes) {
    const std::vector<std::uint64_t> dimensions(shape.rbegin(), shape.rend());
    gguf.tensor(name, dimensions, *layout(DType::F16).gguf_id, std::string(2 * count_of(shape), '\x28'));
  }
  return gguf.bytes();
}

}  // namespace

void write_folder_seeds(const fs::path& into) {
  for (const Family* family : families()) {
    const fs::path folder = empty_folder();
    const std::string config = taken_config(folder, family->model_types.front()).dump();
    const auto write_model = [&](const Shapes& shapes) { write_weights(folder / "model.safetensors", shapes); };
    if (tensors_of(folder, {}, write_model).empty()) continue;
    const std::string weights = bytes_of(folder / "model.safetensors");
    const std::string nothing(1, '\0');
    write(into / std::string(family->name), config + nothing + nothing + weights);
    const std::string index = R"({"weight_map": {"model.norm.weight": "a.safetensors"}})";
    write(into / (std::string(family->name) + "_sharded"), config + nothing + index + nothing + weights);
  }
}

void write_gguf_seeds(const fs::path& into) {
  for (const Family* family : families())
    for (const std::string_view architecture : family->architectures) {
      const fs::path file = empty_folder() / "model.gguf";
      const auto write_model = [&](const Shapes& shapes) { write(file, gguf_bytes(architecture, shapes)); };
      if (tensors_of(file, {{"token_embd.weight", {kWords, kWidth}}}, write_model).empty()) continue;
      write(into / (std::string(family->name) + "_" + std::string(architecture)), bytes_of(file));
    }
}

}  // namespace tertium::fuzz
