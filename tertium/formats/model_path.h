#pragma once

#include <filesystem>
#include <string>

namespace tertium {

/// Where the model that a user named lies: a Hugging Face folder or a .gguf file. Nothing is downloaded. `name` is
///   a path: returned as it is, if there is such a file or folder;
///   "owner/name" or "owner/name@revision": a repository in the local Hugging Face cache, found by the rules of
///     huggingface_hub. The result is the folder of that revision (default main) or, if it holds a GGUF model instead
///     of safetensors, that model's (first) file.
/// Throws Error naming `name` if it is an adapter or a model with an adapter beside it (see demand_no_adapter). Throws
/// Error naming `name`, where it was looked for and the command that downloads it: neither a path nor a cached
/// repository, or one whose files are not all there. Also for a repository with several GGUF models.
std::filesystem::path find_model(const std::string& name);

/// Where the adapter lies that a user named: a folder, by its path or as a repository in the local cache. Throws Error as
/// find_model does.
std::filesystem::path find_adapter(const std::string& name);

/// Refuses a folder with the files of a PEFT adapter as a model: Hugging Face would lay it over the model unasked and
/// change the numbers. Throws Error that says how an adapter is named.
void demand_no_adapter(const std::filesystem::path& folder);

/// What a folder without model.safetensors (or an index of shards) holds instead, and what to do about it, as the end
/// of a sentence that begins with the folder: other formats, shards whose index is missing, GGUF files, or nothing.
std::string without_weights(const std::filesystem::path& folder);

/// Whether `name` has the form of a repository's name, and not that of a GGUF file's path.
bool may_be_repository(const std::string& name);

/// The folder of the local Hugging Face cache: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME/hub,
/// XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub, whichever is set first. It need not be there.
std::filesystem::path hugging_face_cache();

}  // namespace tertium
