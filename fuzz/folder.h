#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/support.h"

namespace tertium::fuzz {

/// A folder in memory, the same in every run; empty when it is asked for.
const std::filesystem::path& empty_folder();

void write(const std::filesystem::path& file, std::string_view bytes);

/// The parts of an input that stand between bytes of 0, which no text holds; the last part goes to the end.
std::vector<std::string_view> parts(Input input, std::size_t count);

/// Reads the model as every command does, loads it and takes a few tokens through it.
void use_model(const std::filesystem::path& model);

}  // namespace tertium::fuzz
