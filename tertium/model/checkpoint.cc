#include "tertium/model/checkpoint.h"

#include <algorithm>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/base/json.h"
#include "tertium/base/text.h"
#include "tertium/formats/adapter.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/sizes.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

/// The weight files of a Hugging Face folder: one, or the shards that an index names.
std::vector<fs::path> weight_files(const fs::path& folder) {
  if (fs::exists(folder / "model.safetensors")) return {folder / "model.safetensors"};
  const fs::path index = folder / "model.safetensors.index.json";
  if (!fs::exists(index)) fail("{}: {}", folder.string(), without_weights(folder));
  const nlohmann::json json = read_json_object(index);
  if (!json.contains("weight_map") || !json["weight_map"].is_object()) fail("{}: no \"weight_map\"", index.string());
  std::set<fs::path> shards;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    const fs::path name = shard.is_string() ? shard.get<std::string>() : "";
    // A plain file name: an index must not reach outside its folder.
    if (name.empty() || name.filename() != name || name == "." || name == ".." ||
        std::ranges::count(name.native(), '\0') > 0)
      fail("{}: tensor \"{}\": its shard is no file name", index.string(), printable(tensor));
    shards.insert(folder / name);
  }
  if (shards.empty()) fail("{}: \"weight_map\" names no shard; fetch the file again", index.string());
  return {shards.begin(), shards.end()};
}

/// The ids of `eos_token_id`: one number or a list.
std::vector<std::int32_t> end_tokens(const ConfigReader& json, const nlohmann::json& value) {
  std::vector<std::int32_t> ids;
  for (const nlohmann::json& id : value.is_array() ? value : nlohmann::json::array({value})) {
    if (!id.is_number_integer() || id < 0 || id > std::numeric_limits<std::int32_t>::max())
      json.refuse("eos_token_id", "must be a token id or a list of them");
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

}  // namespace

Checkpoint::Checkpoint(const fs::path& path) : origin_(path.string()) {
  if (!is_utf8(origin_)) fail("{}: the path is not UTF-8, which results are; rename it", printable(origin_, 200));
  std::error_code ignored;
  if (!fs::exists(path, ignored)) fail("{}: no such model; name a Hugging Face folder or a .gguf file", origin_);
  if (fs::is_directory(path))
    open_folder(path);
  else if (path.extension() == ".gguf")
    open_gguf(path);
  else
    fail("{}: is neither a Hugging Face folder nor a .gguf file", origin_);
  config_.family = family_->name;
  demand_sizes(config_, origin_);
}

void Checkpoint::open_folder(const fs::path& folder) {
  const fs::path config = folder / "config.json";
  demand_no_adapter(folder);
  if (!fs::exists(config))
    fail("{}: holds no config.json; name a Hugging Face folder or a .gguf file", folder.string());
  files_.push_back(InputFile(config).state());
  const nlohmann::json json = read_json_object(config);
  const ConfigReader reader(json, config.string());
  if (!reader.has("model_type")) fail("{}: no \"model_type\"", config.string());
  family_ = &family_of_model_type(reader.text_or("model_type", ""), config.string());
  config_ = family_->from_hf(reader);
  keys_left_aside_ = reader.left_aside();
  f8_scaling_ = read_f8_scaling(json, config.string());
  for (const char* file : {"generation_config.json", "config.json"}) {
    if (!config_.end_tokens.empty() || !fs::exists(folder / file)) continue;
    const nlohmann::json holder = read_json_object(folder / file);
    if (holder.contains("eos_token_id") && !holder["eos_token_id"].is_null())
      config_.end_tokens = end_tokens(ConfigReader(holder, (folder / file).string()), holder["eos_token_id"]);
  }
  for (const fs::path& file : weight_files(folder)) files_.push_back(shards_.emplace_back(file).state());
  index_tensors();
  find_prefix();
}

void Checkpoint::open_gguf(const fs::path& file) {
  gguf_ = std::make_unique<Gguf>(file);
  if (gguf_->get_or<std::string>("general.type", "model") == "adapter")
    fail("{}: is an adapter, not a model, and only those of PEFT are read; merge it first (llama.cpp: llama-export-lora)", origin_);
  const std::string architecture = gguf_->get<std::string>("general.architecture");
  family_ = &family_of_architecture(architecture, file.string());
  const GgufConfig reader(*gguf_, architecture);
  config_ = family_->from_gguf(reader);
  keys_left_aside_ = reader.left_aside();
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"})
    if (gguf_->has(key)) config_.end_tokens.push_back(static_cast<std::int32_t>(gguf_->get<std::int64_t>(key)));
  files_ = gguf_->states();
  index_tensors();
}

void Checkpoint::index_tensors() {
  const auto add = [&](const std::vector<TensorView>& file) {
    for (const TensorView& tensor : file) {
      if (gguf_ && tensor.name.starts_with("rope_f")) continue;  // the config has read them
      has_f8_ |= is_f8(tensor.dtype);
      if (!tensors_.emplace(tensor.name, &tensor).second)
        fail("{}: tensor \"{}\" is in two of its files; fetch the model again", origin_, printable(tensor.name));
    }
  };
  if (gguf_) add(gguf_->tensors());
  for (const Safetensors& shard : shards_) add(shard.tensors());
}

/// Weights' names begin differently in the wild: without the causal model's "model.", or inside a multimodal one.
void Checkpoint::find_prefix() {
  const std::string embedding(family_->names.embedding.hf);
  usual_prefix_ = prefix_ = embedding.substr(0, embedding.find('.') + 1);
  const std::string rest = embedding.substr(usual_prefix_.size()) + ".weight";
  for (const std::string& candidate :
       {usual_prefix_, std::string(), "language_model." + usual_prefix_, usual_prefix_ + "language_model."}) {
    if (!tensors_.contains(candidate + rest)) continue;
    prefix_ = candidate;
    break;
  }
  const std::string inside = "language_model.";
  if (tensors_.contains(inside + std::string(family_->names.head.hf) + ".weight")) head_prefix_ = inside;
}

std::string Checkpoint::spelled(const WeightName& name, int block, int expert) const {
  if (gguf_) return fmt::format(fmt::runtime(name.gguf), block, expert);
  const std::string usual = fmt::format(fmt::runtime(name.hf), block, expert);
  if (usual == family_->names.head.hf) return head_prefix_ + usual;
  return usual.starts_with(usual_prefix_) ? prefix_ + usual.substr(usual_prefix_.size()) : usual;
}

const TensorView* Checkpoint::find(const std::string& name) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return nullptr;
  used_.insert(name);
  return found->second;
}

const TensorView& Checkpoint::tensor(const std::string& name) {
  if (const TensorView* found = find(name)) return *found;
  fail("{}: no tensor \"{}\", which the family {} needs", origin_, name, family_->name);
}

/// Why a tensor may be left aside, for `inspect`; empty if it may not.
std::string_view Checkpoint::why_left_aside(std::string_view tensor) const {
  if (has_f8_)
    if (const std::string_view what = scaled_apart(tensor); !what.empty()) return what;
  constexpr std::string_view kBuffer = "buffers, which follow from the configuration";
  if (tensor.ends_with(".rotary_emb.inv_freq")) return kBuffer;
  for (const std::string_view buffer : family_->buffers)
    if (tensor.ends_with(buffer)) return kBuffer;
  if (config_.tied && (tensor == "lm_head.weight" || tensor == "language_model.lm_head.weight" ||
                       tensor == "model.lm_head.weight" || tensor == "output.weight"))
    return "a head beside the embedding, used only where the two differ";
  for (const std::string_view part : family_->other_parts)
    if (tensor.starts_with(part) || tensor.starts_with("model." + std::string(part)))
      return "other parts of a model of several kinds of input";
  return {};
}

void Checkpoint::demand_all_used() const {
  for (const auto& [name, tensor] : tensors_)
    if (!used_.contains(name) && why_left_aside(name).empty())
      fail("{}: tensor \"{}\" has no place in the family {}; is model_type right?", origin_, printable(name),
           family_->name);
}

std::vector<std::string> Checkpoint::left_aside() const {
  std::map<std::string_view, std::pair<int, std::string_view>> kinds;  // how many, and the first
  for (const auto& [name, tensor] : tensors_)
    if (const std::string_view why = why_left_aside(name); !why.empty())
      ++kinds.try_emplace(why, 0, name).first->second.first;
  std::vector<std::string> lines;
  for (const auto& [why, kind] : kinds)
    lines.push_back(fmt::format("{} ({} tensors, such as {})", why, kind.first, printable(kind.second)));
  return lines;
}

std::size_t Checkpoint::bytes() const {
  std::size_t sum = 0;
  for (const auto& [name, tensor] : tensors_)
    if (why_left_aside(name).empty()) sum += tensor->bytes.size();
  return sum;
}

std::int64_t Checkpoint::parameters() const {
  std::int64_t sum = 0;
  for (const auto& [name, tensor] : tensors_)
    if (why_left_aside(name).empty()) sum += static_cast<std::int64_t>(tensor->count());
  return sum;
}

std::pair<Config, std::vector<FileState>> config_and_files(const fs::path& path, const fs::path& adapter) {
  const Checkpoint checkpoint(path);
  std::vector<FileState> files = checkpoint.files();
  if (!adapter.empty()) {
    const Adapter changes(adapter);
    files.insert(files.end(), changes.files().begin(), changes.files().end());
  }
  return {checkpoint.config(), std::move(files)};
}

}  // namespace tertium
