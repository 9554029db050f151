#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace tertium {

/// What the name of one part of a split GGUF model says: "<stem>-00002-of-00003.gguf", as llama.cpp names them.
struct GgufPart {
  std::filesystem::path folder;
  std::string stem;
  int number = 1;  // from 1 to count
  int count = 1;

  /// The file of another part.
  std::filesystem::path file(int other) const;
};

/// Nothing if the name is not of that form. The file need not be there.
std::optional<GgufPart> gguf_part(const std::filesystem::path& path);

}  // namespace tertium
