#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/base/toml.h"

namespace tertium {

/// One table of an experiment file: hands out its keys, then complains about those that nobody asked for. Every Error
/// names file, line and key; "--set" instead of a line for what came from a setting.
class TomlTable {
 public:
  TomlTable(const toml::table& table, std::string file, std::string name)
      : table_(table), file_(std::move(file)), name_(std::move(name)) {}

  std::string text(std::string_view key, std::optional<std::string> fallback = std::nullopt);
  /// Different texts; `example` is one, for errors.
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback,
                                 std::string_view example = "…");
  bool flag(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  /// A number, whole or not.
  std::optional<double> number(std::string_view key, double least, double most);
  /// Whole numbers from 0 on, ascending: a list, or a range "4-12". Nothing for "all".
  std::optional<std::vector<int>> numbers(std::string_view key, int most);
  /// Different numbers from 0 to 1.
  std::vector<double> shares(std::string_view key, std::vector<double> fallback);
  const toml::table* table(std::string_view key);
  std::vector<const toml::table*> tables(std::string_view key);

  /// A key whose value must be among `known`.
  std::string one_of(std::string_view key, const std::vector<std::string>& known,
                     std::optional<std::string> fallback = std::nullopt);
  std::vector<std::string> some_of(std::string_view key, const std::vector<std::string>& known,
                                   std::vector<std::string> fallback);

  /// Refuses a key of earlier versions, saying what stands in its place.
  void demand_not(std::string_view old_key, std::string_view instead) const;
  void demand_no_other_keys() const;
  [[noreturn]] void refuse(const toml::node& node, std::string_view key, const std::string& why) const;
  /// Null if the table has no such key.
  const toml::node* find(std::string_view key);

 private:
  std::string where() const;
  std::string at(const toml::node& node) const;

  const toml::table& table_;
  std::string file_;
  std::string name_;  // empty for the top
  std::vector<std::string> asked_;
};

}  // namespace tertium
