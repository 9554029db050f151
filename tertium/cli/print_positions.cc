#include "tertium/cli/print_positions.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tertium/base/text.h"
#include "tertium/protocols/positions.h"

namespace tertium {
namespace {

constexpr std::size_t kTokenWidth = 16;
constexpr std::size_t kNamesWidth = 30;

/// What a token says, or its piece where that is no text of its own: a part of a character, a special token.
std::string shown(const Tokenizer& tokenizer, TokenId id) {
  const std::string text = tokenizer.decode({&id, 1});
  const bool is_text = !text.empty() && text.find("\uFFFD") == std::string::npos;
  return printable(is_text ? text : tokenizer.piece(id), kTokenWidth - 1);
}

/// The names of the positions that a row is at, in the order in which they are documented.
std::vector<std::string> names_at(const Question& question, int row) {
  std::vector<std::string> names;
  for (const std::string& name : position_names()) {
    const auto found = question.positions.find(name);
    if (found != question.positions.end() && std::ranges::binary_search(found->second, row)) names.push_back(name);
  }
  return names;
}

std::string cells(const Tokenizer& tokenizer, const Question& question, int row) {
  if (row > question.last_row()) return fmt::format("{:{}}", "", 5 + 2 + kTokenWidth + kNamesWidth);
  std::vector<std::string> names = names_at(question, row);
  std::erase(names, "all");
  std::erase(names, "markers");
  return fmt::format("{:>5}  {:<{}}{:<{}}", row, shown(tokenizer, question.context[static_cast<std::size_t>(row)]),
                     kTokenWidth, join(names, " "), kNamesWidth);
}

void print_trimmed(std::string line) {
  line.resize(line.find_last_not_of(' ') + 1);
  fmt::print("{}\n", line);
}

}  // namespace

void print_positions(const Tokenizer& tokenizer, const std::vector<AskedText>& texts, const std::string& title) {
  fmt::print("{}\n", title);
  std::string heads;
  int rows = 0;
  for (const AskedText& text : texts) {
    heads += fmt::format("{:>5}  {:<{}}{:<{}}", "row", text.language, kTokenWidth, "position", kNamesWidth);
    rows = std::max(rows, text.question.last_row() + 1);
  }
  print_trimmed(heads);
  for (int row = 0; row < rows; ++row) {
    std::string line;
    for (const AskedText& text : texts) line += cells(tokenizer, text.question, row);
    print_trimmed(line);
  }
}

void print_positions_json(const Tokenizer& tokenizer, const std::vector<AskedText>& texts, const std::string& title) {
  for (const auto& [language, question] : texts)
    for (int row = 0; row <= question.last_row(); ++row) {
      const TokenId id = question.context[static_cast<std::size_t>(row)];
      fmt::print("{}\n", nlohmann::json({{"prompt", title},
                                         {"language", language},
                                         {"row", row},
                                         {"id", id},
                                         {"piece", tokenizer.piece(id)},
                                         {"positions", names_at(question, row)}})
                             .dump());
    }
}

}  // namespace tertium
