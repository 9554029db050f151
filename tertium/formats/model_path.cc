#include "tertium/formats/model_path.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "tertium/base/error.h"
#include "tertium/base/json.h"
#include "tertium/base/text.h"
#include "tertium/formats/gguf_split.h"
#include "tertium/formats/mapped_file.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_repository = 96;  // the hub's own limit
constexpr std::size_t longest_reference = 256;  // bytes of a file that holds one commit

// ---- Names

/// Letters, digits, '.', '_' and '-', and nothing that means a folder of its own.
bool is_plain_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !name.empty() && std::ranges::all_of(name, allowed) && name.find("..") == name.npos && name != ".";
}

/// The cache writes "--" for the slash, so a name cannot hold it.
bool is_repository_part(std::string_view name) {
  return is_plain_name(name) && name.find("--") == name.npos && name.front() != '-' && name.front() != '.' &&
         name.back() != '-' && name.back() != '.';
}

/// A revision may be a path: "refs/pr/1".
bool is_revision(std::string_view revision) {
  for (std::size_t slash; (slash = revision.find('/')) != revision.npos; revision.remove_prefix(slash + 1))
    if (!is_plain_name(revision.substr(0, slash))) return false;
  return is_plain_name(revision);
}

struct Repository {
  std::string owner, name, revision;  // an empty revision: main

  std::string folder() const { return fmt::format("models--{}--{}", owner, name); }
  std::string download() const {
    return fmt::format("hf download {}/{}{}{}", owner, name, revision.empty() ? "" : " --revision ", revision);
  }
};

std::optional<Repository> repository_named(std::string_view text) {
  Repository repository;
  if (const std::size_t at = text.find('@'); at != text.npos) {
    repository.revision = text.substr(at + 1);
    if (!is_revision(repository.revision)) return {};
    text = text.substr(0, at);
  }
  const std::size_t slash = text.find('/');
  if (slash == text.npos || text.size() > longest_repository) return {};
  repository.owner = text.substr(0, slash);
  repository.name = text.substr(slash + 1);
  if (!is_repository_part(repository.owner) || !is_repository_part(repository.name)) return {};
  return repository;
}

// ---- The cache

/// The environment variable as a path, "~" spelt out; nothing if it is not set or empty.
std::optional<fs::path> path_in(const char* variable) {
  const char* value = std::getenv(variable);
  if (!value || !*value) return {};
  const std::string_view text = value;
  const char* home = std::getenv("HOME");
  if (home && (text == "~" || text.starts_with("~/"))) return fs::path(home + std::string(text.substr(1)));
  return fs::path(text);
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);  // of a link, what it points to
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// The name of the snapshot that a revision stands for.
std::string commit_of(const fs::path& cached, const std::string& revision) {
  const fs::path reference = cached / "refs" / revision;
  if (!is_file(reference)) return revision;  // it may name the snapshot itself
  const MappedFile file(reference);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              std::min(file.bytes().size(), longest_reference));
  const std::string_view commit = text.substr(0, text.find_last_not_of(" \n\r") + 1);
  if (!is_plain_name(commit))
    fail("{}: holds \"{}\", which is no commit; remove the file and download the model again", reference.string(),
         printable(commit));
  return std::string(commit);
}

/// The .gguf files of a folder that are models of their own: not those that go on where a first part ends.
std::vector<fs::path> gguf_models(const fs::path& folder) {
  std::vector<fs::path> models;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem)) {
    const fs::path& file = entry->path();
    const std::optional<GgufPart> part = gguf_part(file);
    if (file.extension() == ".gguf" && (!part || part->number == 1)) models.push_back(file);
  }
  if (problem) fail("{}: cannot be read: {}; check its permissions", folder.string(), problem.message());
  std::ranges::sort(models);
  return models;
}

/// The first of the files that make up this GGUF model which is not there.
std::optional<fs::path> missing_gguf(const fs::path& first) {
  const GgufPart part = gguf_part(first).value_or(GgufPart{});
  for (int number = 1; number <= part.count; ++number)
    if (const fs::path file = part.count == 1 ? first : part.file(number); !is_file(file)) return file;
  return {};
}

/// The first weight file of a folder with config.json that is not there. What an index says is checked where it is
/// used.
std::optional<fs::path> missing_weights(const fs::path& folder) {
  const fs::path single = folder / "model.safetensors";
  const fs::path index = folder / "model.safetensors.index.json";
  if (is_file(single)) return {};
  if (!is_file(index)) return single;
  const nlohmann::json json = read_json_object(index);
  if (!json.contains("weight_map")) return {};
  for (const auto& [tensor, shard] : json["weight_map"].items())
    if (shard.is_string() && is_plain_name(shard.get_ref<const std::string&>()))
      if (fs::path file = folder / shard.get<std::string>(); !is_file(file)) return file;
  return {};
}

/// The names of a folder's files that `wanted` takes, in order.
std::vector<std::string> names_in(const fs::path& folder, bool (*wanted)(std::string_view)) {
  std::vector<std::string> names;
  std::error_code problem;
  for (fs::directory_iterator entry(folder, problem), end; !problem && entry != end; entry.increment(problem))
    if (const std::string name = entry->path().filename().string(); wanted(name)) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

bool is_shard(std::string_view name) {
  return name.starts_with("model-") && name.find("-of-") != name.npos && name.ends_with(".safetensors");
}
bool is_other_format(std::string_view name) {
  const bool weights = name.starts_with("pytorch_model") || name.starts_with("tf_model") ||
                       name.starts_with("flax_model") || name.starts_with("consolidated");
  return weights && !name.ends_with(".json") && !name.ends_with(".safetensors");
}
bool is_adapter_file(std::string_view name) {
  return name == "adapter_config.json" || name == "adapter_model.safetensors" || name == "adapter_model.bin";
}

/// The name of the model that an adapter is for, as its config says; empty if it does not.
std::string base_of_adapter(const fs::path& config) {
  if (!is_file(config)) return {};
  const nlohmann::json json = read_json_object(config);
  const auto base = json.find("base_model_name_or_path");
  return base != json.end() && base->is_string() ? printable(base->get<std::string>()) : std::string();
}

/// Where the files of a repository lie in the local cache.
struct Snapshot {
  Repository repository;
  fs::path folder;
};

/// Throws Error naming `name` if it is no repository, or not in the cache.
Snapshot snapshot_named(const std::string& name) {
  const std::optional<Repository> repository = repository_named(name);
  if (!repository)
    fail("{}: there is no such path, and it is no repository (owner/name or owner/name@revision); check the name",
         printable(name, longest_reference));
  const fs::path cached = hugging_face_cache() / repository->folder();
  if (!is_folder(cached))
    fail("{}: there is no such path, and no such repository in {}; check the path, or download it: {}", name,
         hugging_face_cache().string(), repository->download());
  const std::string revision = repository->revision.empty() ? "main" : repository->revision;
  const fs::path snapshot = cached / "snapshots" / commit_of(cached, revision);
  if (!is_folder(snapshot))
    fail("{}: the revision {} is not in {}; download it: {}", name, revision, cached.string(), repository->download());
  return {*repository, snapshot};
}

/// What of a snapshot is the model; it must be there in full.
fs::path model_in(const fs::path& snapshot, const std::string& name, const Repository& repository) {
  const auto incomplete = [&](const fs::path& missing) {
    fail("{}: only part of it is in {}, {} is missing; finish the download: {}", name, snapshot.string(),
         missing.filename().string(), repository.download());
  };
  std::optional<fs::path> missing = snapshot / "config.json";
  if (is_file(*missing)) missing = missing_weights(snapshot);
  if (!missing) return snapshot;
  const std::vector<fs::path> models = gguf_models(snapshot);
  if (models.empty() && !names_in(snapshot, is_other_format).empty())
    fail("{}: {} {}", name, snapshot.string(), without_weights(snapshot));
  if (models.empty()) incomplete(*missing);
  if (models.size() > 1)
    fail("{}: holds {} GGUF models; give the path of one of them, for example {}", name, models.size(),
         models.front().string());
  if (const std::optional<fs::path> part = missing_gguf(models.front())) incomplete(*part);
  return models.front();
}

}  // namespace

void demand_no_adapter(const fs::path& folder) {
  const std::vector<std::string> files = names_in(folder, is_adapter_file);
  if (files.empty()) return;
  if (is_file(folder / "config.json"))
    fail("{}: holds an adapter ({}) beside a model; move its files to a folder of their own, and name that as the adapter",
         folder.string(), join(files));
  const std::string base = base_of_adapter(folder / "adapter_config.json");
  fail("{}: is an adapter, not a model; name its base model{}, and this folder as the adapter (--adapter)",
       folder.string(), base.empty() ? "" : fmt::format(" ({})", base));
}

std::string without_weights(const fs::path& folder) {
  if (const std::vector<std::string> shards = names_in(folder, is_shard); !shards.empty())
    return fmt::format(
        "holds {} ({} shards), but not model.safetensors.index.json, which says what is in them; fetch that too",
        shards.front(), shards.size());
  if (const std::vector<std::string> others = names_in(folder, is_other_format); !others.empty())
    return fmt::format(
        "holds its weights as {} only, and tertium reads safetensors and GGUF; convert them (in Python, transformers: "
        "from_pretrained, then save_pretrained)",
        printable(others.front()));
  if (const std::vector<fs::path> models = gguf_models(folder); !models.empty())
    return fmt::format("holds no model.safetensors; name the GGUF file in it, {}", models.front().filename().string());
  const auto any = [](std::string_view name) { return name.ends_with(".safetensors"); };
  if (const std::vector<std::string> strangers = names_in(folder, any); !strangers.empty())
    return fmt::format("holds {}, but no model.safetensors; rename the file if it is the whole model",
                       printable(strangers.front()));
  return "holds no weights (model.safetensors); name a Hugging Face folder or a .gguf file";
}

fs::path hugging_face_cache() {
  for (const char* variable : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const auto path = path_in(variable)) return *path;
  if (const auto home = path_in("HF_HOME")) return *home / "hub";
  const fs::path fallback = path_in("HOME").value_or("~") / ".cache";
  return path_in("XDG_CACHE_HOME").value_or(fallback) / "huggingface" / "hub";
}

bool may_be_repository(const std::string& name) { return repository_named(name) && !name.ends_with(".gguf"); }

fs::path find_model(const std::string& name) {
  std::error_code ignored;
  if (is_folder(name)) demand_no_adapter(name);
  if (fs::exists(name, ignored)) return name;
  const auto [found, folder] = snapshot_named(name);
  demand_no_adapter(folder);
  return model_in(folder, name, found);
}

fs::path find_adapter(const std::string& name) {
  std::error_code ignored;
  return fs::exists(name, ignored) ? fs::path(name) : snapshot_named(name).folder;
}

}  // namespace tertium
