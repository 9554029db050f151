#include "tertium/base/json.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

/// "line 3, column 14" of the byte at `offset`; of a text that is one line, "column 14".
std::string place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 if there is none
  const std::size_t column = code_points(before.substr(line_start)) + 1;
  if (text.substr(0, text.find_last_not_of("\r\n") + 1).find('\n') == text.npos)
    return fmt::format("column {}", column);
  return fmt::format("line {}, column {}", std::ranges::count(before, '\n') + 1, column);
}

/// Counts brackets outside of strings, before the parser builds anything.
void check_depth(std::string_view text, const std::string& origin) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > kDeepestJson)
      fail("{}: nests more than {} lists and objects at {}; fetch the file again", origin, kDeepestJson,
           place_of(text, i));
  }
}

/// What the parser says, without its own number and place.
std::string_view reason(std::string_view message) {
  for (const std::string_view end : {"] ", "column "}) {
    const std::size_t found = message.find(end);
    if (found != message.npos) message.remove_prefix(found + end.size());
  }
  const std::size_t place_end = message.find(": ");
  return place_end != message.npos && message.find_first_not_of("0123456789") == place_end
             ? message.substr(place_end + 2)
             : message;
}

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& origin) {
  if (!is_utf8(text)) fail("{}: is not UTF-8 text; convert it first", origin);
  check_depth(text, origin);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& problem) {
    fail("{}: not valid JSON at {} ({}); correct it, or fetch the file again", origin,
         place_of(text, problem.byte > 0 ? problem.byte - 1 : 0), printable(reason(problem.what()), 120));
  } catch (const nlohmann::json::exception& problem) {  // a number out of range
    fail("{}: not valid JSON ({}); correct it, or fetch the file again", origin,
         printable(reason(problem.what()), 120));
  }
}

nlohmann::json read_json_object(const std::filesystem::path& path) {
  nlohmann::json json = parse_json(read_text_file(path), path.string());
  if (!json.is_object())
    fail("{}: must hold a JSON object, but holds a value of type {}; fetch the file again", path.string(),
         json.type_name());
  return json;
}

}  // namespace tertium
