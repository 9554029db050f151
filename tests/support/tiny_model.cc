#include "tests/support/tiny_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <span>
#include <stdexcept>

#include "tertium/base/hash.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/family.h"

namespace tertium::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Shape = std::vector<std::int64_t>;

constexpr std::string_view kBosPiece = "<s>", kUnknownPiece = "<unk>";

json config_json(const TinyModel& model) {
  json config = {
      {"model_type", "llama"},
      {"architectures", {"LlamaForCausalLM"}},
      {"dtype", "float32"},
      {"hidden_act", "silu"},
      {"hidden_size", model.width},
      {"intermediate_size", model.mlp},
      {"num_hidden_layers", model.blocks},
      {"num_attention_heads", model.heads},
      {"num_key_value_heads", model.kv_heads},
      {"head_dim", model.head_dim},
      {"max_position_embeddings", model.context},
      {"vocab_size", model.vocabulary()},
      {"rms_norm_eps", 1e-6},
      {"rope_theta", 10000.0},
      {"tie_word_embeddings", model.tied},
      {"bos_token_id", TinyModel::kBos},
  };
  config.update(model.config);
  return config;
}

json special(int id, std::string_view piece) {
  return {{"id", id},        {"content", piece},    {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

json tokenizer_json(const TinyModel& model) {
  json ids = {{kBosPiece, TinyModel::kBos}, {kUnknownPiece, TinyModel::kUnknown}};
  for (const std::string& word : model.words) {
    if (ids.contains(word)) throw std::logic_error("tiny model: the word \"" + word + "\" comes twice");
    ids[word] = ids.size();
  }
  const json bos = {{"SpecialToken", {{"id", kBosPiece}, {"type_id", 0}}}};
  const json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
             second = {{"Sequence", {{"id", "B"}, {"type_id", 0}}}};
  const json bos_ids = {{"id", kBosPiece}, {"ids", {TinyModel::kBos}}, {"tokens", {kBosPiece}}};
  return {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", {special(TinyModel::kBos, kBosPiece), special(TinyModel::kUnknown, kUnknownPiece)}},
      {"normalizer", nullptr},
      {"pre_tokenizer", {{"type", "Whitespace"}}},
      {"post_processor",
       {{"type", "TemplateProcessing"},
        {"single", {bos, text}},
        {"pair", {bos, text, second}},
        {"special_tokens", {{kBosPiece, bos_ids}}}}},
      {"decoder", nullptr},
      {"model", {{"type", "WordLevel"}, {"vocab", ids}, {"unk_token", kUnknownPiece}}},
  };
}

/// Evenly spread around 0, so that a row times a matrix keeps about its length; the same on every machine and for every
/// order of tensors.
std::vector<float> random_values(const std::string& name, const Shape& shape, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 bits(stable_hash(seed, {name}));
  const double largest = std::sqrt(3.0 / static_cast<double>(shape.back()));
  std::vector<float> values(count);
  for (float& value : values) {
    const double uniform = std::ldexp(static_cast<double>(bits()), -64);  // [0, 1]
    value = static_cast<float>(largest * (2 * uniform - 1));
  }
  return values;
}

std::vector<float> values_of(const TinyModel& model, const std::string& name, const Shape& shape) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  const auto given = model.weights.find(name);
  if (given == model.weights.end()) {
    const bool is_norm = shape.size() == 1;
    return is_norm ? std::vector<float>(count, 1.0F) : random_values(name, shape, count, model.seed);
  }
  if (given->second.size() == 1) return std::vector<float>(count, given->second.front());
  if (given->second.size() != count)
    throw std::logic_error(fmt::format("tiny model: {} has {} values, not {}", name, given->second.size(), count));
  return given->second;
}

void write_text(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

}  // namespace

int TinyModel::id(std::string_view word) const {
  const auto found = std::find(words.begin(), words.end(), word);
  return found == words.end() ? kUnknown : kUnknown + 1 + static_cast<int>(found - words.begin());
}

std::map<std::string, Shape> tensor_shapes(const TinyModel& model) {
  const WeightNames& names = family_of_model_type("llama", "a tiny model").names;
  const std::int64_t queries = model.heads * model.head_dim, keys = model.kv_heads * model.head_dim;
  std::map<std::string, Shape> shapes;
  const auto add = [&](const WeightName& name, int block, Shape shape) {
    shapes.emplace(fmt::format(fmt::runtime(name.hf), block) + ".weight", std::move(shape));
  };
  for (int b = 0; b < model.blocks; ++b) {
    add(names.attn_norm, b, {model.width});
    add(names.q, b, {queries, model.width});
    add(names.k, b, {keys, model.width});
    add(names.v, b, {keys, model.width});
    add(names.o, b, {model.width, queries});
    add(names.mlp_norm, b, {model.width});
    add(names.gate, b, {model.mlp, model.width});
    add(names.up, b, {model.mlp, model.width});
    add(names.down, b, {model.width, model.mlp});
  }
  constexpr int kNoBlock = -1;
  add(names.embedding, kNoBlock, {model.vocabulary(), model.width});
  add(names.final_norm, kNoBlock, {model.width});
  if (!model.tied) add(names.head, kNoBlock, {model.vocabulary(), model.width});
  return shapes;
}

void write_tiny_model(const fs::path& folder, const TinyModel& model) {
  const std::map<std::string, Shape> shapes = tensor_shapes(model);
  for (const auto& [name, values] : model.weights)
    if (!shapes.contains(name)) throw std::logic_error("tiny model: it has no tensor " + name);

  std::map<std::string, std::vector<float>> values;
  std::vector<TensorView> tensors;
  for (const auto& [name, shape] : shapes) {
    const std::vector<float>& stored = values[name] = values_of(model, name, shape);
    tensors.push_back({name, DType::F32, shape, std::as_bytes(std::span(stored))});
  }
  fs::create_directories(folder);
  write_text(folder / "config.json", config_json(model).dump(2));
  write_text(folder / "tokenizer.json", tokenizer_json(model).dump(2));
  write_safetensors(folder / "model.safetensors", tensors);
}

}  // namespace tertium::test
