#pragma once

#include <filesystem>
#include <system_error>

namespace tertium {

/// The path, or the nearest above it that is there.
std::filesystem::path nearest_there(const std::filesystem::path& path);

/// What keeps a folder from being written to, or from being made where it is not there; nothing is made.
std::error_code folder_problem(const std::filesystem::path& folder);

}  // namespace tertium
