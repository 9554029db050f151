#include "tertium/tasks/json_lines.h"

#include <charconv>
#include <limits>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/json.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

using nlohmann::json;

std::string suggestion(const json& object, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [key, value] : object.items()) names.push_back(key);
  const std::string near = nearest(name, names);
  return near.empty() ? "" : fmt::format("; is \"{}\" meant to be it?", printable(near));
}

std::optional<std::int64_t> whole_number(const json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) return {};
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_string()) return {};
  const std::string& digits = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || problem != std::errc{} || end != digits.data() + digits.size()) return {};
  return number;
}

// Lists and objects are only named: they may be long, and deep enough to overflow the stack when printed.
std::string shown(const json& value) {
  return value.is_structured() ? fmt::format("an {}", value.type_name()) : printable(value.dump());
}

/// The names of an object's fields, as they stand. Throws Error if two are the same: readers take one of two values
/// under one name, each another one.
std::vector<std::string> field_names(std::string_view text, const std::string& where) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  const auto look = [&](int depth, json::parse_event_t event, const json& parsed) {
    if (event != json::parse_event_t::key || depth != 1) return false;  // keeps nothing
    names.push_back(parsed.get<std::string>());
    if (!seen.insert(names.back()).second)
      fail("{}: has field \"{}\" twice; leave one of them out", where, printable(names.back()));
    return false;
  };
  [[maybe_unused]] const json nothing = json::parse(text, look);
  return names;
}

JsonLine parse_line(std::string_view text, const std::string& where, std::size_t row) {
  if (text.find('\t') != text.npos && text.find_first_of("{[") == text.npos)
    fail(
        "{}: holds fields between tabs, no JSON object; write one object a line, or call the file .tsv if it is one of "
        "XStoryCloze's",
        where);
  json value = parse_json(text, where);
  if (!value.is_object()) fail("{}: expected a JSON object, found {}; write one object a line", where, shown(value));
  return {std::move(value), where, row, field_names(text, where)};
}

}  // namespace

const json& JsonLine::field(std::string_view name) const {
  const auto found = value.find(name);
  if (found == value.end()) fail("{}: no field \"{}\"{}", where, name, suggestion(value, name));
  return *found;
}

const std::string& JsonLine::text(std::string_view name) const {
  const json& found = field(name);
  if (!found.is_string()) fail("{}: field \"{}\" is {}; expected text", where, name, shown(found));
  const std::string& text = found.get_ref<const std::string&>();
  if (strip(text).empty()) fail("{}: field \"{}\" is empty; give it a text", where, name);
  return text;
}

std::string JsonLine::text_if_any(std::string_view name) const {
  const auto found = value.find(name);
  if (found == value.end() || found->is_null()) return {};
  if (!found->is_string()) fail("{}: field \"{}\" is {}; expected text", where, name, shown(*found));
  return found->get<std::string>();
}

std::int64_t JsonLine::integer(std::string_view name, std::int64_t least, std::int64_t most) const {
  const json& found = field(name);
  const std::optional<std::int64_t> number = whole_number(found);
  if (number && *number >= least && *number <= most) return *number;
  const std::string range = most == std::numeric_limits<std::int64_t>::max()
                                ? fmt::format("from {} on", least)
                                : fmt::format("from {} to {}", least, most);
  fail("{}: field \"{}\" is {}; expected a whole number {}", where, name, shown(found), range);
}

std::size_t JsonLine::letter(std::string_view name, std::size_t count) const {
  const std::string_view letter = strip(text(name));
  if (letter.size() == 1 && letter[0] >= 'A' && letter[0] < static_cast<char>('A' + count)) return letter[0] - 'A';
  fail("{}: field \"{}\" is \"{}\"; expected a letter from A to {}", where, name, printable(letter),
       static_cast<char>('A' + count - 1));
}

std::string JsonLine::id_or_row(std::string_view name) const {
  if (!has(name)) return std::to_string(row);
  if (field(name).is_string()) return text(name);
  return std::to_string(integer(name, 0, std::numeric_limits<std::int64_t>::max()));
}

// InputFile refuses folders, pipes and devices, for which a stream would wait or read without an end.
JsonLines::JsonLines(const std::filesystem::path& file)
    : file_(InputFile(file).state().path), stream_(file, std::ios::binary), buffer_(longest_line + 1) {
  if (!stream_.is_open()) fail("{}: cannot be read; check the path", file_.string());
}

std::string JsonLines::where() const { return fmt::format("{}:{}", file_.string(), line_number_); }

std::optional<std::string_view> JsonLines::next_line() {
  // Not std::getline: that would first take a file without line ends whole into memory.
  stream_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  const auto taken = static_cast<std::size_t>(stream_.gcount());
  ++line_number_;
  if (stream_.bad()) fail("{}: reading failed here; check the disk", where());
  if (stream_.eof()) return taken == 0 ? std::nullopt : std::optional(std::string_view(buffer_.data(), taken));
  if (stream_.fail()) fail("{}: longer than {} bytes; write one JSON object a line", where(), longest_line);
  return std::string_view(buffer_.data(), taken - 1);  // less the line end
}

std::optional<JsonLine> JsonLines::next() {
  while (const auto line = next_line()) {
    const bool is_text = is_utf8(*line);
    if (is_text && strip(*line).empty()) continue;
    const std::size_t row = row_++;  // of a line that is no object, too, so that those behind it keep theirs
    if (!is_text) fail("{}: not UTF-8 text; convert the file first", where());
    return parse_line(*line, where(), row);
  }
  return std::nullopt;
}

void read_json_lines(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& entry) {
  JsonLines lines(file);
  while (const auto line = lines.next()) entry(*line);
}

}  // namespace tertium
