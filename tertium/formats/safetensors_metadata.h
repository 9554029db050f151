#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace tertium {

/// The texts that a safetensors file says of itself beside its tensors; what is no text is passed over. Throws Error
/// naming the file if it has no header of that format.
std::map<std::string, std::string> safetensors_metadata(const std::filesystem::path& path);

}  // namespace tertium
