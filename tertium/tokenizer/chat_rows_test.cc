#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tokenizer/chat.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using Json = nlohmann::ordered_json;

/// Rows of tools/make_chat_rows.py: a template, and what Python's Jinja2 makes of it under transformers.
class ChatRows : public testing::Test {
 protected:
  ChatRows() : file(test::source_folder() / "tests/fixtures/chat/rows.jsonl") {
    std::string line;
    if (!std::getline(file, line)) throw std::runtime_error("there are no rows");
    const Json head = Json::parse(line);
    variables = head["context"].dump();
    now = head["now"];
  }
  bool next(Json& row) {
    std::string line;
    if (!std::getline(file, line)) return false;
    row = Json::parse(line);
    return true;
  }
  std::string render(const std::string& text) const { return render_template({text, {}, "test"}, variables, now); }

  std::ifstream file;
  std::string variables;
  std::int64_t now = 0;
};

TEST_F(ChatRows, AreRenderedAndRefusedAsByJinja2) {
  std::size_t rendered = 0, refused = 0;
  for (Json row; next(row);) {
    const std::string text = row["template"];
    SCOPED_TRACE(text);
    if (row.contains("text")) {
      ++rendered;
      try {
        EXPECT_EQ(render(text), row["text"].get<std::string>());
      } catch (const Error& error) {
        ADD_FAILURE() << error.what();
      }
    } else {
      ++refused;
      const std::string error = test::error_of([&] { render(text); });
      EXPECT_TRUE(error.starts_with("test: the chat template: ")) << "not refused; Python says " << row["error"];
      EXPECT_EQ(error.find('\n'), error.npos);
    }
  }
  EXPECT_GT(rendered, 800U);
  EXPECT_GT(refused, 250U);
}

}  // namespace
}  // namespace tertium
