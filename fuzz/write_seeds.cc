// Writes the seeds that are no text: write_seeds FOLDER makes FOLDER/<target>/* for the targets in main().

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <map>
#include <string>

#include "fuzz/model_seeds.h"
#include "tertium/formats/safetensors.h"
#include "tertium/formats/tensor_view.h"
#include "tests/support/gguf_builder.h"

namespace {

using namespace tertium;
namespace fs = std::filesystem;
using test::encoded;
using test::encoded_text;
using test::GgufBuilder;

std::vector<DType> all_dtypes() {
  return dtypes_with([](const DTypeLayout&) { return true; });
}

void write(const fs::path& file, const GgufBuilder& builder) {
  const std::string bytes = builder.bytes();
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A value of every kind, arrays of some.
GgufBuilder metadata() {
  return GgufBuilder()
      .text("general.architecture", "llama")
      .pair("general.alignment", 4, encoded<std::uint32_t>(32))
      .pair("u8", 0, encoded<std::uint8_t>(255))
      .pair("i8", 1, encoded<std::int8_t>(-128))
      .pair("i16", 3, encoded<std::int16_t>(-2))
      .pair("i32", 5, encoded<std::int32_t>(-2))
      .pair("f32", 6, encoded(0.5f))
      .pair("bool", 7, "\x01")
      .pair("u64", 10, encoded<std::uint64_t>(7))
      .pair("i64", 11, encoded<std::int64_t>(-7))
      .pair("f64", 12, encoded(0.25))
      .pair("split.no", 2, encoded<std::uint16_t>(0))
      .pair("split.count", 2, encoded<std::uint16_t>(1))
      .pair("split.tensors.count", 5, encoded<std::int32_t>(0))
      .array("integers", 5, 2, encoded<std::int32_t>(-1) + encoded<std::int32_t>(7))
      .array("bools", 7, 2, std::string("\0\x01", 2));
}

void write_gguf(const fs::path& folder) {
  write(folder / "metadata", metadata());
  GgufBuilder tensors;
  for (const DType dtype : all_dtypes()) {
    const DTypeLayout& type = layout(dtype);
    if (type.gguf_id) tensors.tensor(type.name, {type.block}, *type.gguf_id, std::string(type.bytes, '\x2a'));
  }
  write(folder / "tensors", tensors);
}

std::string texts(const std::vector<std::string>& values) {
  std::string bytes;
  for (const std::string& value : values) bytes += encoded_text(value);
  return bytes;
}

template <class Number>
std::string numbers(const std::vector<Number>& values) {
  std::string bytes;
  for (const Number value : values) bytes += encoded(value);
  return bytes;
}

/// Vocabularies of both kinds that tokenizer_json() takes.
void write_vocabularies(const fs::path& folder) {
  const auto ids = [](GgufBuilder& gguf) -> GgufBuilder& {
    return gguf.pair("tokenizer.ggml.bos_token_id", 4, encoded<std::uint32_t>(1))
        .pair("tokenizer.ggml.eos_token_id", 4, encoded<std::uint32_t>(2))
        .pair("tokenizer.ggml.unknown_token_id", 4, encoded<std::uint32_t>(0))
        .pair("tokenizer.ggml.add_bos_token", 7, "\x01")
        .pair("tokenizer.ggml.add_eos_token", 7, "\x01")
        .pair("tokenizer.ggml.add_space_prefix", 7, std::string(1, '\0'));
  };
  const std::vector<std::string> tokens = {"<unk>", "<s>", "</s>", "<0x0A>", "▁", "a", "b", "ab", "▁ab", "<user>"};
  GgufBuilder pieces;
  pieces.text("tokenizer.ggml.model", "llama")
      .array("tokenizer.ggml.tokens", 8, tokens.size(), texts(tokens))
      .array("tokenizer.ggml.scores", 6, tokens.size(), numbers<float>({0, 0, 0, 0, -1, -2, -3, -4, -5, 0}))
      .array("tokenizer.ggml.token_type", 5, tokens.size(), numbers<std::int32_t>({2, 3, 3, 6, 1, 1, 1, 1, 5, 4}));
  write(folder / "pieces", ids(pieces));
  for (const char* pre : {"llama-bpe", "gpt-2", "qwen2", "smollm"}) {
    const std::vector<std::string> words = {"<unk>", "<s>", "</s>", "a", "b", "ab", "Ġ", "Ġab"};
    GgufBuilder bytes;
    bytes.text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", pre)
        .array("tokenizer.ggml.tokens", 8, words.size(), texts(words))
        .array("tokenizer.ggml.token_type", 5, words.size(), numbers<std::int32_t>({3, 3, 3, 1, 1, 1, 1, 1}))
        .array("tokenizer.ggml.merges", 8, 2, texts({"a b", "Ġ ab"}));
    write(folder / pre, ids(bytes));
  }
}

void write_safetensors_files(const fs::path& folder) {
  const std::string bytes(32, '\x3c');
  const auto first = [&](std::size_t size) { return std::as_bytes(std::span(bytes)).first(size); };
  std::vector<TensorView> plain;
  for (const DType dtype : all_dtypes())
    if (const DTypeLayout& type = layout(dtype); type.is_plain())
      plain.push_back({std::string(type.name), dtype, {2, 1}, first(2 * type.bytes)});
  write_safetensors(folder / "plain", plain);
  write_safetensors(folder / "shapes", {{"scalar", DType::F16, {}, first(2)}, {"empty", DType::U8, {0, 3}, {}}});
  write_safetensors(folder / "none", {});
}

/// Of the model in adapter_fuzz.cc.
void write_adapter_seeds(const fs::path& folder) {
  const std::vector<float> numbers(64, 0.125f);
  const auto factor = [&](const char* name, std::int64_t rows, std::int64_t columns) {
    return TensorView{name, DType::F32, {rows, columns}, std::as_bytes(std::span(numbers)).first(4 * rows * columns)};
  };
  const fs::path file = folder / "tensors";
  write_safetensors(file, {factor("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", 2, 16),
                           factor("base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight", 16, 2)});
  std::ifstream stream(file, std::ios::binary);
  const std::string tensors(std::istreambuf_iterator<char>(stream), {});
  fs::remove(file);
  const auto seed = [&](const char* name, const std::string& config) {
    std::ofstream(folder / name, std::ios::binary) << config << '\0' << tensors;
  };
  seed("list", R"({"peft_type":"LORA","r":2,"lora_alpha":4,"target_modules":["q_proj"],"use_rslora":true})");
  seed("regex", R"({"peft_type":"LORA","r":2,"target_modules":".*\\.(q|v)_proj","exclude_modules":["v_proj"]})");
  seed("patterns", R"({"peft_type":"LORA","r":8,"target_modules":["q_proj"],"rank_pattern":{"q_proj":2},)"
                   R"("alpha_pattern":{"self_attn.q_proj":3},"layers_to_transform":[0],"layers_pattern":"layers"})");
}

/// With and without a bias (tuned_lens_fuzz.cc).
void write_tuned_lenses(const fs::path& folder) {
  const std::string bytes(16, '\x3c');
  const auto all = std::as_bytes(std::span(bytes));
  const TensorView weight{"translator.0.weight", DType::F32, {2, 2}, all};
  write_safetensors(folder / "weight", {weight});
  write_safetensors(folder / "both", {weight, {"translator.0.bias", DType::F16, {2}, all.first(4)}});
}

/// A direction and a map (intervention_fuzz.cc).
void write_interventions(const fs::path& folder) {
  const std::string bytes(24, '\x3c');
  const auto all = std::as_bytes(std::span(bytes));
  const std::map<std::string, std::string> provenance = {
      {"language", "it"}, {"block", "0"}, {"alpha", "0.5"}, {"renormed", "true"}, {"site", "resid_post"}};
  const TensorView bias{"bias", DType::F32, {2}, all.first(8)};
  write_safetensors(folder / "vector", {{"vector", DType::F32, {2}, all.first(8)}}, provenance);
  write_safetensors(folder / "map", {{"weight", DType::F32, {2, 2}, all.first(16)}, bias}, provenance);
}

/// A change of each kind (results_db_fuzz.cc).
void write_results_seeds(const fs::path& folder) {
  const auto seed = [&](const char* name, std::initializer_list<int> bytes) {
    std::ofstream file(folder / name, std::ios::binary);
    for (const int byte : bytes) file.put(static_cast<char>(byte));
  };
  seed("file", {0, 'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f', 'o', 'r', 'm', 'a', 't', ' ', '3', 0});
  seed("byte", {1, 0, 16, 0, 0, 5});
  // table, row, column, how, type, value
  seed("option_5", {2, 1, 2, 4, 0, 0, 5});
  seed("no_score", {2, 1, 0, 2, 3, 5});
  seed("layer_7_more", {2, 3, 0, 6, 2, 0, 7});
  seed("value_of_runs", {2, 4, 0, 1, 0, 4, 0xf5, 3, '[', '1', ']'});
  seed("identical_options", {2, 4, 0, 0, 2, 4, 28});
}

}  // namespace

int main(int, char** arguments) {
  const fs::path folder = arguments[1];
  for (const char* name : {"gguf_fuzz", "safetensors_fuzz", "tuned_lens_fuzz", "intervention_fuzz", "model_folder_fuzz",
                           "model_gguf_fuzz", "results_db_fuzz", "adapter_fuzz"})
    fs::create_directories(folder / name);
  write_gguf(folder / "gguf_fuzz");
  write_vocabularies(folder / "gguf_fuzz");
  write_safetensors_files(folder / "safetensors_fuzz");
  write_tuned_lenses(folder / "tuned_lens_fuzz");
  write_interventions(folder / "intervention_fuzz");
  fuzz::write_folder_seeds(folder / "model_folder_fuzz");
  fuzz::write_gguf_seeds(folder / "model_gguf_fuzz");
  write_adapter_seeds(folder / "adapter_fuzz");
  write_results_seeds(folder / "results_db_fuzz");
}
