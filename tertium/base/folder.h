#pragma once

#include <filesystem>
#include <system_error>

namespace tertium {

/// The path, or the nearest above it that is there.
std::filesystem::path nearest_there(const std::filesystem::path& path);

/// The bytes that are free on the disk of a folder, which may not be there yet; 0 where it cannot be told.
double free_bytes(const std::filesystem::path& folder);

/// What keeps a folder from being written to, or from being made where it is not there; nothing is made.
std::error_code folder_problem(const std::filesystem::path& folder);

}  // namespace tertium
