#include "tertium/tokenizer/chat.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/gguf.h"
#include "tertium/tokenizer/ffi_text.h"
#include "tertium/tokenizer/tokenizer_config.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

constexpr std::string_view kNoTemplate =
    "this is a base model without a chat template; use its instruction-tuned version";

ChatTemplate from_folder(const fs::path& folder) {
  std::optional<FolderTemplate> found = read_chat_template(folder);
  if (!found)
    fail("{}: no chat_template.jinja, and tokenizer_config.json has no \"chat_template\"; {}", folder.string(),
         kNoTemplate);
  TokenizerConfig config = read_tokenizer_config(folder);
  if (std::ranges::find(config.files, found->file) == config.files.end()) config.files.push_back(found->file);
  return {std::move(found->text), std::move(config.special_tokens), found->file.string(), std::move(config.files)};
}

ChatTemplate from_gguf(const fs::path& file) {
  const Gguf gguf(file);
  const std::string key = "tokenizer.chat_template";
  if (!gguf.has(key)) fail("{}: no {}; {}", file.string(), key, kNoTemplate);
  ChatTemplate chat{gguf.get<std::string>(key), {}, file.string(), {file}};
  const auto& tokens = gguf.get<std::vector<std::string>>("tokenizer.ggml.tokens");
  for (const auto& [name, id_key] : {std::pair{"bos_token", "bos_token_id"},
                                     {"eos_token", "eos_token_id"},
                                     {"unk_token", "unknown_token_id"},
                                     {"pad_token", "padding_token_id"}}) {
    const std::string full_key = std::string("tokenizer.ggml.") + id_key;
    if (!gguf.has(full_key)) continue;
    const auto id = gguf.get<std::int64_t>(full_key);
    if (id < 0 || std::cmp_greater_equal(id, tokens.size()))
      fail("{}: {} is {}, but there are {} tokens; use a file made by a current llama.cpp converter", file.string(),
           full_key, id, tokens.size());
    chat.special_tokens.emplace(name, tokens[static_cast<std::size_t>(id)]);
  }
  return chat;
}

std::int64_t current_time() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

ChatTemplate ChatTemplate::open(const fs::path& model) {
  if (!fs::exists(model)) fail("{}: there is no such file or folder; check the path", model.string());
  return fs::is_directory(model) ? from_folder(model) : from_gguf(model);
}

std::string render_chat(const ChatTemplate& chat, std::span<const Message> messages, bool add_generation_prompt,
                        std::optional<std::int64_t> now) {
  OrderedJson variables = {
      {"add_generation_prompt", add_generation_prompt}, {"tools", nullptr}, {"documents", nullptr}};
  variables["messages"] = OrderedJson::array();
  for (const auto& [role, content] : messages) {
    if (!is_utf8(role) || !is_utf8(content)) fail("{}: a message is not UTF-8", chat.origin);
    variables["messages"].push_back({{"role", role}, {"content", content}});
  }
  for (const auto& [name, token] : chat.special_tokens) variables[name] = token;
  return render_template(chat, variables.dump(), now ? *now : current_time());
}

std::string render_template(const ChatTemplate& chat, std::string_view variables, std::int64_t now) {
  std::string text, reason;
  if (!tokenizers_ffi_chat(chat.text.data(), chat.text.size(), variables.data(), variables.size(), now, sink(text),
                           sink(reason)))
    fail("{}: the chat template: {}", chat.origin, crate_reason(reason));
  return text;
}

}  // namespace tertium
