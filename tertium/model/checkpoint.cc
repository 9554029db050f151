#include "tertium/model/checkpoint.h"

#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

nlohmann::json read_json_object(const fs::path& path) {
  nlohmann::json json = nlohmann::json::parse(read_text_file(path), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail("{}: is no JSON object; fetch the file again", path.string());
  return json;
}

/// The weight files of a Hugging Face folder: one, or the shards that an index names.
std::vector<fs::path> weight_files(const fs::path& folder) {
  if (fs::exists(folder / "model.safetensors")) return {folder / "model.safetensors"};
  const fs::path index = folder / "model.safetensors.index.json";
  if (!fs::exists(index))
    fail("{}: holds no model.safetensors; name a Hugging Face folder or a .gguf file", folder.string());
  const nlohmann::json json = read_json_object(index);
  if (!json.contains("weight_map") || !json["weight_map"].is_object()) fail("{}: no \"weight_map\"", index.string());
  std::set<fs::path> shards;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    // A plain file name: an index must not reach outside its folder.
    if (!shard.is_string() || fs::path(shard.get<std::string>()).filename() != shard.get<std::string>())
      fail("{}: tensor \"{}\": its shard is no file name", index.string(), printable(tensor));
    shards.insert(folder / shard.get<std::string>());
  }
  return {shards.begin(), shards.end()};
}

std::string spelled(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// Buffers that older checkpoints store although they follow from the config, and heads that are stored beside the
/// embedding they equal.
bool may_be_unused(std::string_view tensor, const Config& config) {
  return tensor.ends_with(".rotary_emb.inv_freq") || tensor == "rope_freqs.weight" ||
         (config.tied && (tensor == "lm_head.weight" || tensor == "output.weight"));
}

}  // namespace

Checkpoint::Checkpoint(const fs::path& path) : origin_(path.string()) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) fail("{}: no such model; name a Hugging Face folder or a .gguf file", origin_);
  if (fs::is_directory(path))
    open_folder(path);
  else if (path.extension() == ".gguf")
    open_gguf(path);
  else
    fail("{}: is neither a Hugging Face folder nor a .gguf file", origin_);
  config_.family = family_->name;
}

void Checkpoint::open_folder(const fs::path& folder) {
  const fs::path config = folder / "config.json";
  const nlohmann::json json = read_json_object(config);
  const ConfigReader reader(json, config.string());
  if (!reader.has("model_type")) fail("{}: no \"model_type\"", config.string());
  family_ = &family_of_model_type(reader.text_or("model_type", ""), config.string());
  config_ = family_->from_hf(reader);
  files_ = weight_files(folder);
  for (const fs::path& file : files_) shards_.emplace_back(file);
  files_.insert(files_.begin(), config);
}

void Checkpoint::open_gguf(const fs::path& file) {
  gguf_ = std::make_unique<Gguf>(file);
  const std::string architecture = gguf_->get<std::string>("general.architecture");
  family_ = &family_of_architecture(architecture, file.string());
  config_ = family_->from_gguf(GgufConfig(*gguf_, architecture));
  files_ = {file};
}

const TensorView& Checkpoint::tensor(const WeightName& name, int block, const std::vector<std::int64_t>& shape) {
  const std::string_view pattern = is_gguf() ? name.gguf : name.hf;
  const std::string full = fmt::format(fmt::runtime(pattern), block) + ".weight";
  const TensorView* found = gguf_ ? gguf_->find(full) : nullptr;
  for (const Safetensors& shard : shards_)
    if (!found) found = shard.find(full);
  if (!found) fail("{}: no tensor \"{}\", which the family {} needs", origin_, full, family_->name);
  if (found->shape != shape)
    fail("{}: tensor \"{}\" has the shape {}, but its config asks for {}", origin_, full, spelled(found->shape),
         spelled(shape));
  used_.insert(full);
  return *found;
}

std::vector<const TensorView*> Checkpoint::all() const {
  std::vector<const TensorView*> tensors;
  const auto add = [&](const std::vector<TensorView>& file) {
    for (const TensorView& tensor : file) tensors.push_back(&tensor);
  };
  if (gguf_) add(gguf_->tensors());
  for (const Safetensors& shard : shards_) add(shard.tensors());
  return tensors;
}

void Checkpoint::demand_all_used() const {
  for (const TensorView* tensor : all())
    if (!used_.contains(tensor->name) && !may_be_unused(tensor->name, config_))
      fail("{}: tensor \"{}\" has no place in the family {}; is model_type right?", origin_, printable(tensor->name),
           family_->name);
}

std::size_t Checkpoint::bytes() const {
  std::size_t sum = 0;
  for (const TensorView* tensor : all()) sum += tensor->bytes.size();
  return sum;
}

}  // namespace tertium
