#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// A turn of a conversation.
struct Message {
  std::string role;  // "system", "user" or "assistant"; the template decides
  std::string content;
};

/// How a model wants conversations written: a Jinja template, run as transformers runs it.
struct ChatTemplate {
  std::string text;
  std::map<std::string, std::string> special_tokens;  // variables of the template: "bos_token" → "<s>"
  std::string origin;                                 // names it in errors
  std::vector<std::filesystem::path> files = {};      // all that were read for it

  /// The template of a model: of a Hugging Face folder chat_template.jinja, else tokenizer_config.json; of a .gguf file
  /// tokenizer.chat_template. Throws Error naming the model if it has none.
  static ChatTemplate open(const std::filesystem::path& model);
};

/// The day that runs tell templates that ask for it: always 2025-01-01, since results must not depend on the day.
constexpr std::int64_t kChatDate = 1735689600;

/// The conversation as one text, which spells its special tokens (see encode_prompt). With `add_generation_prompt` it
/// ends where the assistant is to speak. `now`, in seconds since 1970 (UTC), is the date for templates that ask for it;
/// the current one if absent. Throws Error naming the template and the line: it is no Jinja, it refuses the messages
/// (their order or roles), or it needs more steps, memory or depth than a template may.
std::string render_chat(const ChatTemplate& chat, std::span<const Message> messages, bool add_generation_prompt,
                        std::optional<std::int64_t> now = std::nullopt);

/// The same with any variables: the members of a JSON object.
std::string render_template(const ChatTemplate& chat, std::string_view variables, std::int64_t now);

}  // namespace tertium
