#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace tertium {

/// Objects and lists within each other beyond this are refused: whoever copies, compares or prints a value goes down
/// into it on the stack.
inline constexpr int kDeepestJson = 100;

/// JSON from an untrusted text. Throws Error naming `origin`, and line and column of the text (the column only if the
/// text is one line), for what is no JSON, nests deeper than kDeepestJson or is not UTF-8.
nlohmann::json parse_json(std::string_view text, const std::string& origin);

/// The object that a JSON file holds. Throws Error naming the file; see parse_json.
nlohmann::json read_json_object(const std::filesystem::path& path);

}  // namespace tertium
