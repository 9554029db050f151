#include "tertium/tokenizer/tokenizer_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tertium/base/text.h"

namespace tertium {
namespace {

bool needs_escape(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' '; }

}  // namespace

void append_quoted(std::string& json, std::string_view text) {
  json += '"';
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if(text, needs_escape) - text.begin());
    json += text.substr(0, plain);
    if (plain == text.size()) break;
    fmt::format_to(std::back_inserter(json), "\\u{:04x}", text[plain]);
    text.remove_prefix(plain + 1);
  }
  json += '"';
}

std::string json_string(std::string_view text) {
  std::string json;
  append_quoted(json, text);
  return json;
}

std::string added_tokens_json(const std::vector<AddedToken>& tokens) {
  std::string json;
  for (const AddedToken& token : tokens)
    fmt::format_to(
        std::back_inserter(json),
        R"({}{{"id":{},"content":{},"single_word":{},"lstrip":{},"rstrip":{},"normalized":false,"special":{}}})",
        json.empty() ? "[" : ",", token.id, json_string(token.content), token.single_word, token.lstrip, token.rstrip,
        token.special);
  return json.empty() ? "[]" : json + "]";
}

std::string frame_json(const std::optional<FramingToken>& bos, const std::optional<FramingToken>& eos) {
  std::vector<std::string> frame = {R"({"Sequence":{"id":"A","type_id":0}})"};
  std::vector<std::string> special;
  const auto name = [&](const FramingToken& framing) {
    const std::string token = json_string(framing.content);
    // BOS and EOS may be one token, and a key may come once.
    std::string entry = fmt::format(R"({0}:{{"id":{0},"ids":[{1}],"tokens":[{0}]}})", token, framing.id);
    if (std::ranges::find(special, entry) == special.end()) special.push_back(std::move(entry));
    return fmt::format(R"({{"SpecialToken":{{"id":{},"type_id":0}}}})", token);
  };
  if (bos) frame.insert(frame.begin(), name(*bos));
  if (eos) frame.push_back(name(*eos));
  const std::string pair = R"({"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}})";
  return fmt::format(R"({{"type":"TemplateProcessing","single":[{}],"pair":[{}],"special_tokens":{{{}}}}})",
                     join(frame, ","), pair, join(special, ","));
}

}  // namespace tertium
