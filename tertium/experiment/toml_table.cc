#include "tertium/experiment/toml_table.h"

#include <algorithm>
#include <regex>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {

std::string TomlTable::text(std::string_view key, std::optional<std::string> fallback) {
  const toml::node* node = find(key);
  if (!node && fallback) return *fallback;
  if (!node) fail("{}: no {} \"{}\"", file_, where(), key);
  const auto value = node->value<std::string>();
  if (!node->is_string() || value->empty()) refuse(*node, key, "must be a string");
  return *value;
}

std::vector<std::string> TomlTable::texts(std::string_view key, std::vector<std::string> fallback,
                                          std::string_view example) {
  const toml::node* node = find(key);
  if (!node) return fallback;
  std::vector<std::string> values;
  const std::string wanted = fmt::format("must be a list of strings, such as {} = [\"{}\"]", key, example);
  if (!node->is_array()) refuse(*node, key, wanted);
  for (const toml::node& element : *node->as_array()) {
    if (!element.is_string()) refuse(*node, key, wanted);
    values.push_back(*element.value<std::string>());
    if (std::count(values.begin(), values.end(), values.back()) > 1)
      refuse(*node, key, "names \"" + printable(values.back()) + "\" twice");
  }
  return values;
}

bool TomlTable::flag(std::string_view key) {
  const toml::node* node = find(key);
  if (!node) return false;
  if (!node->is_boolean()) refuse(*node, key, "must be true or false");
  return *node->value<bool>();
}

std::optional<std::int64_t> TomlTable::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const toml::node* node = find(key);
  if (!node) return std::nullopt;
  const auto value = node->value<std::int64_t>();
  if (!node->is_integer() || *value < least || *value > most)
    refuse(*node, key, fmt::format("must be an integer from {} to {}", least, most));
  return value;
}

std::optional<double> TomlTable::number(std::string_view key, double least, double most) {
  const toml::node* node = find(key);
  if (!node) return std::nullopt;
  const auto value = node->value<double>();
  if (!value || !(*value >= least && *value <= most))
    refuse(*node, key, fmt::format("must be a number from {:g} to {:g}", least, most));
  return value;
}

std::optional<std::vector<int>> TomlTable::numbers(std::string_view key, int most) {
  const toml::node* node = find(key);
  if (!node || node->value<std::string>() == "all") return std::nullopt;
  std::set<int> numbers;
  const auto add = [&](std::optional<std::int64_t> number) {
    if (!number || *number < 0 || *number > most || !numbers.insert(static_cast<int>(*number)).second)
      refuse(*node, key,
             fmt::format("must be a list of different whole numbers, such as {} = [0, 5], a range like \"4-12\", "
                         "or \"all\"",
                         key));
  };
  static const std::regex range("([0-9]{1,6})-([0-9]{1,6})");
  std::smatch ends;
  const std::string text = node->value<std::string>().value_or("");
  if (std::regex_match(text, ends, range))
    for (int number = std::stoi(ends[1]); number <= std::stoi(ends[2]); ++number) add(number);
  else if (node->is_array())
    for (const toml::node& element : *node->as_array())
      add(element.is_integer() ? element.value<std::int64_t>() : std::nullopt);
  if (numbers.empty()) add(std::nullopt);
  return std::vector<int>(numbers.begin(), numbers.end());
}

std::vector<double> TomlTable::shares(std::string_view key, std::vector<double> fallback) {
  const toml::node* node = find(key);
  if (!node) return fallback;
  std::set<double> numbers;
  const auto demand = [&](bool good) {
    if (!good)
      refuse(*node, key, fmt::format("must be a list of different numbers from 0 to 1, such as {} = [0.25, 0.5]", key));
  };
  demand(node->is_array() && !node->as_array()->empty());
  for (const toml::node& element : *node->as_array()) {
    const auto number = element.value<double>();
    demand(number && *number >= 0 && *number <= 1 && numbers.insert(*number).second);
  }
  return {numbers.begin(), numbers.end()};
}

const toml::table* TomlTable::table(std::string_view key) {
  const toml::node* node = find(key);
  if (node && !node->is_table()) refuse(*node, key, "must be a table: [" + std::string(key) + "]");
  return node ? node->as_table() : nullptr;
}

std::vector<const toml::table*> TomlTable::tables(std::string_view key) {
  const toml::node* node = find(key);
  if (!node) fail("{}: no [[{}]] table", file_, key);
  std::vector<const toml::table*> all;
  if (!node->is_array_of_tables()) refuse(*node, key, "must be a list of tables: [[" + std::string(key) + "]]");
  for (const toml::node& element : *node->as_array()) all.push_back(element.as_table());
  return all;
}

std::string TomlTable::one_of(std::string_view key, const std::vector<std::string>& known,
                              std::optional<std::string> fallback) {
  const std::string value = text(key, std::move(fallback));
  if (std::find(known.begin(), known.end(), value) == known.end())
    refuse(*find(key), key, "\"" + printable(value) + "\": tertium knows " + join(known));
  return value;
}

std::vector<std::string> TomlTable::some_of(std::string_view key, const std::vector<std::string>& known,
                                            std::vector<std::string> fallback) {
  const std::string example = fallback.empty() ? known.front() : fallback.back();
  std::vector<std::string> values = texts(key, std::move(fallback), example);
  for (const std::string& value : values)
    if (std::find(known.begin(), known.end(), value) == known.end())
      refuse(*find(key), key, fmt::format("\"{}\": tertium knows {}", printable(value), join(known)));
  return values;
}

void TomlTable::demand_not(std::string_view old_key, std::string_view instead) const {
  if (const toml::node* node = table_.get(old_key)) refuse(*node, old_key, fmt::format("is now {}", instead));
}

void TomlTable::demand_no_other_keys() const {
  for (const auto& [key, node] : table_) {
    if (std::find(asked_.begin(), asked_.end(), key.str()) != asked_.end()) continue;
    const std::string near = nearest(key.str(), asked_);
    fail("{}: unknown key \"{}\"{}; {}", at(node), printable(key.str()), name_.empty() ? "" : " in [" + name_ + "]",
         near.empty() ? "known: " + join(asked_) : "did you mean \"" + near + "\"?");
  }
}

void TomlTable::refuse(const toml::node& node, std::string_view key, const std::string& why) const {
  fail("{}: \"{}\": {}", at(node), key, why);
}

const toml::node* TomlTable::find(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
  return table_.get(key);
}

std::string TomlTable::where() const { return name_.empty() ? "key" : "key in [" + name_ + "]"; }

std::string TomlTable::at(const toml::node& node) const {
  return node.source().begin.line > 0 ? place(file_, node) : "--set";
}

}  // namespace tertium
