#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// A line of a task file, with its place for error messages.
struct JsonLine {
  nlohmann::json value;  // always an object
  std::string where;     // "data/it.jsonl:17"
  std::size_t row = 0;   // how many came before it in the file
  /// Its fields in the file's order; `value` has them sorted.
  std::vector<std::string> names = {};

  /// The text field `name`; Error `data/it.jsonl:17: no field "name"` if it is absent, and also if it is blank or of
  /// another type.
  const std::string& text(std::string_view name) const;
  /// The text field `name`, or "" where it is absent or null. Error if it is there and no text.
  std::string text_if_any(std::string_view name) const;
  /// The integer field `name` (a number, or a string of digits as Belebele spells it), checked against [least, most].
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most) const;
  /// The field `name`, a letter from A on, as an index below `count`.
  std::size_t letter(std::string_view name, std::size_t count) const;
  /// The field `name` of any type; Error if it is absent.
  const nlohmann::json& field(std::string_view name) const;
  bool has(std::string_view name) const { return value.contains(name); }
  /// The field `name`, a text or a whole number from 0 on, as text; without it, the number of its row: for files whose
  /// entries have no names of their own.
  std::string id_or_row(std::string_view name) const;
};

/// The lines of a file that holds one JSON object a line (JSON Lines). Blank lines are passed over.
class JsonLines {
 public:
  static constexpr std::size_t longest_line = std::size_t{1} << 20;  // bytes; a longer one is no item

  /// Throws Error naming the file if it cannot be opened.
  explicit JsonLines(const std::filesystem::path& file);

  /// The next object; nothing at the end. Throws Error naming file and line: too long, not UTF-8, no JSON object, a
  /// field twice.
  std::optional<JsonLine> next();
  /// Whether next() gives the line behind the one that it has thrown for: not behind one that is too long.
  bool goes_on() const { return !stream_.fail(); }

 private:
  std::optional<std::string_view> next_line();
  std::string where() const;

  std::filesystem::path file_;
  std::ifstream stream_;
  std::vector<char> buffer_;
  std::size_t line_number_ = 0;  // of the line read last, from 1
  std::size_t row_ = 0;          // of the next object
};

/// Hands on every object of such a file.
void read_json_lines(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& entry);

}  // namespace tertium
