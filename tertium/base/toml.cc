#include "tertium/base/toml.h"

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {

namespace {

/// The parser has no limit for keys like a.a.a; to take down what it makes of very long ones would overflow the stack.
void check_dots(std::string_view text, const std::string& origin) {
  constexpr int kMostDots = 1000;
  int line = 1, dots = 0;
  for (const char c : text) {
    if (c == '\n') ++line, dots = 0;
    if (c == '.' && ++dots > kMostDots)
      fail("{}:{}: not valid TOML: has more than {} dots in a line; break the line", origin, line, kMostDots);
  }
}

void check_depth(const toml::node& node, const std::string& origin, int depth) {
  if (depth > kDeepestToml)
    fail("{}:{}: not valid TOML: nests more than {} tables", origin, node.source().begin.line, kDeepestToml);
  if (const toml::table* table = node.as_table())
    for (const auto& [key, inner] : *table) check_depth(inner, origin, depth + 1);
  if (const toml::array* array = node.as_array())
    for (const toml::node& inner : *array) check_depth(inner, origin, depth + 1);
}

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& origin) {
  check_dots(text, origin);
  try {
    toml::table table = toml::parse(text, origin);
    check_depth(table, origin, 0);
    return table;
  } catch (const toml::parse_error& problem) {
    fail("{}:{}: not valid TOML: {}", origin, problem.source().begin.line, printable(problem.description(), 200));
  }
}

std::string place(const std::filesystem::path& file, const toml::node& node) {
  return fmt::format("{}:{}", file.string(), node.source().begin.line);
}

}  // namespace tertium
