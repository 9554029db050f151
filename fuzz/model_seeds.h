#pragma once

#include <filesystem>

namespace tertium::fuzz {

/// A tiny model of every family, as inputs of model_folder_fuzz and, where llama.cpp knows the family, of
/// model_gguf_fuzz.
void write_folder_seeds(const std::filesystem::path& into);
void write_gguf_seeds(const std::filesystem::path& into);

}  // namespace tertium::fuzz
