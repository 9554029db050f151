#include "tertium/tokenizer/tokenizer.h"

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/gguf.h"
#include "tertium/tokenizer/ffi/tokenizers_ffi.h"
#include "tertium/tokenizer/gguf_vocabulary.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t reason_limit = 200;  // code points of the crate's own words in an error

tokenizers_ffi_text_sink sink(std::string& text) {
  const auto write = [](void* into, const char* bytes, std::size_t size) {
    static_cast<std::string*>(into)->assign(bytes, size);
  };
  return {&text, write};
}

tokenizers_ffi_token_sink sink(std::vector<tokenizers_ffi_token>& tokens) {
  const auto write = [](void* into, const tokenizers_ffi_token* found, std::size_t count) {
    static_cast<std::vector<tokenizers_ffi_token>*>(into)->assign(found, found + count);
  };
  return {&tokens, write};
}

bool is_inside_code_point(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// The bytes of one character may be several tokens: each of them then stands for the whole character.
TextSpan whole_code_points(std::string_view text, TextSpan span) {
  while (is_inside_code_point(text, span.begin)) --span.begin;
  while (is_inside_code_point(text, span.end)) ++span.end;
  return span;
}

/// Whether the token was added beside the same token of the text: a text may spell its own BOS.
bool is_doubled(const std::vector<tokenizers_ffi_token>& tokens, std::size_t i) {
  const auto repeats = [&](std::size_t other) { return !tokens[other].added && tokens[other].id == tokens[i].id; };
  if (!tokens[i].added) return false;
  return (i > 0 && repeats(i - 1)) || (i + 1 < tokens.size() && repeats(i + 1));
}

fs::path tokenizer_file(const fs::path& folder) {
  const fs::path file = folder / "tokenizer.json";
  if (fs::exists(file)) return file;
  fail(
      "{}: has no tokenizer.json; write one with AutoTokenizer.from_pretrained(…).save_pretrained(…), or use a .gguf "
      "file",
      folder.string());
}

}  // namespace

struct Tokenizer::Handle {
  Handle(std::string_view json, std::string origin) : origin(std::move(origin)) {
    std::string reason;
    tokenizer = tokenizers_ffi_load(json.data(), json.size(), sink(reason));
    if (!tokenizer)
      fail("{}: not a tokenizer that can be used ({}); save it again with a current transformers", this->origin,
           printable(reason, reason_limit));
  }
  ~Handle() { tokenizers_ffi_free(tokenizer); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  std::string origin;
  tokenizers_ffi* tokenizer = nullptr;
};

Tokenizer Tokenizer::open(const fs::path& model) {
  if (fs::is_directory(model)) {
    const fs::path file = tokenizer_file(model);
    return from_json(read_text_file(file), file.string());
  }
  if (!fs::exists(model)) fail("{}: there is no such file or folder; check the path", model.string());
  if (model.extension() != ".gguf")
    fail("{}: neither a Hugging Face folder nor a .gguf file; give one of these", model.string());
  return from_json(tokenizer_json(Gguf(model)), model.string());
}

Tokenizer Tokenizer::from_json(std::string_view json, const std::string& origin) {
  return Tokenizer(std::make_shared<const Handle>(json, origin));
}

Encoding Tokenizer::encode(std::string_view text, bool add_special) const {
  if (!is_utf8(text)) fail("{}: a text is not UTF-8: \"{}\"", handle_->origin, printable(text));
  std::vector<tokenizers_ffi_token> tokens;
  std::string reason;
  if (!tokenizers_ffi_encode(handle_->tokenizer, text.data(), text.size(), add_special, sink(tokens), sink(reason)))
    fail("{}: cannot encode \"{}\": {}", handle_->origin, printable(text), printable(reason, reason_limit));

  Encoding encoding;
  std::size_t end = 0;  // of the text so far; tokens that stand for no text lie there
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (is_doubled(tokens, i)) continue;
    const auto [id, added, from, to] = tokens[i];
    if (!std::in_range<TokenId>(id)) fail("{}: the id {} is out of range; use an intact file", handle_->origin, id);
    const TextSpan span = added ? TextSpan{end, end} : whole_code_points(text, {from, to});
    encoding.ids.push_back(static_cast<TokenId>(id));
    encoding.offsets.push_back(span);
    end = span.end;
  }
  return encoding;
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
  const std::vector<std::uint32_t> unsigned_ids(ids.begin(), ids.end());  // a negative id becomes one of no token
  std::string text, reason;
  if (!tokenizers_ffi_decode(handle_->tokenizer, unsigned_ids.data(), unsigned_ids.size(), sink(text), sink(reason)))
    fail("{}: cannot decode {} ids: {}", handle_->origin, ids.size(), printable(reason, reason_limit));
  return text;
}

std::string Tokenizer::piece(TokenId id) const {
  std::string piece;
  tokenizers_ffi_piece(handle_->tokenizer, static_cast<std::uint32_t>(id), sink(piece));
  return piece;
}

std::size_t Tokenizer::vocabulary_size() const { return tokenizers_ffi_vocabulary_size(handle_->tokenizer); }

}  // namespace tertium
