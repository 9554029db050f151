#pragma once

#include <cstddef>
#include <cstdint>

// The C ABI of the Rust crate in this folder (src/lib.rs). Only tokenizer.cc and chat.cc include it.
extern "C" {

struct tokenizers_ffi;

struct tokenizers_ffi_token {
  std::uint32_t id;
  bool added;              // by the tokenizer around the text, not found in it
  std::size_t begin, end;  // bytes of the text
};

/// `write` is called at most once, with memory that is gone when it returns, and returns false if it could not
/// keep it. It must not throw: the frames above are Rust's.
struct tokenizers_ffi_text_sink {
  void* into;
  bool (*write)(void* into, const char* bytes, std::size_t size) noexcept;
};
struct tokenizers_ffi_token_sink {
  void* into;
  bool (*write)(void* into, const tokenizers_ffi_token* tokens, std::size_t count) noexcept;
};

/// From the bytes of a tokenizer.json, or of what tokenizer_json(Pieces) gives; null, with the reason and what to do in
/// `error`, if they are none. `beside` is what beside_tokenizer_json gives, or nothing.
tokenizers_ffi* tokenizers_ffi_load(const char* json, std::size_t size, const char* beside, std::size_t beside_size,
                                    tokenizers_ffi_text_sink error);

/// These return false, with the reason in `error` (none if memory ran out), if they fail. Any number
/// of threads may call them on one tokenizer.
bool tokenizers_ffi_encode(const tokenizers_ffi*, const char* text, std::size_t size, bool add_special,
                           tokenizers_ffi_token_sink tokens, tokenizers_ffi_text_sink error);
bool tokenizers_ffi_decode(const tokenizers_ffi*, const std::uint32_t* ids, std::size_t count,
                           tokenizers_ffi_text_sink text, tokenizers_ffi_text_sink error);

/// False if `id` is no token's; 0 tokens if there is no tokenizer.
bool tokenizers_ffi_piece(const tokenizers_ffi*, std::uint32_t id, tokenizers_ffi_text_sink piece);
std::size_t tokenizers_ffi_vocabulary_size(const tokenizers_ffi*);
void tokenizers_ffi_free(tokenizers_ffi*);

/// A Jinja template rendered with the members of a JSON object, as transformers does with chats; false, with the reason in
/// `error`, if it fails. `now`, in seconds since 1970 (UTC), is the time that strftime_now tells.
bool tokenizers_ffi_chat(const char* chat_template, std::size_t template_size, const char* variables,
                         std::size_t variables_size, std::int64_t now, tokenizers_ffi_text_sink text,
                         tokenizers_ffi_text_sink error);

}  // extern "C"
