#include "tertium/tokenizer/tokenizer.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/gguf.h"
#include "tertium/tokenizer/ffi_text.h"
#include "tertium/tokenizer/gguf_vocabulary.h"
#include "tertium/tokenizer/tokenizer_config.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

tokenizers_ffi_token_sink sink(std::vector<tokenizers_ffi_token>& tokens) {
  return {&tokens, keep<std::vector<tokenizers_ffi_token>, tokenizers_ffi_token>};
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

bool ends_in_space(std::string_view text) {
  const std::string_view words = strip(text);
  return words.empty() || words.data() + words.size() != text.data() + text.size();
}

/// Puts the spans in order and lets them cover the text. Bytes that no token has, because a normalizer composed them
/// away or dropped them, go to the token before them and to those that share its last character; at the beginning of the
/// text, to the first token. White space behind a word goes to the token behind, as nearly all vocabularies have it.
/// Tokens that stand for no text lie where the ones before them end.
void cover(std::string_view text, const std::vector<tokenizers_ffi_token>& tokens, std::vector<TextSpan>& spans) {
  TextSpan last;
  std::size_t tail = 0;  // the first of the tokens that end where the last one does
  const auto stretch = [&](std::size_t behind, std::size_t end) {
    for (std::size_t i = tail; i < behind; ++i) spans[i] = {spans[i].begin < spans[i].end ? spans[i].begin : end, end};
    last.end = end;
  };
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (tokens[i].added || spans[i].begin >= spans[i].end) {
      spans[i] = {last.end, last.end};
      continue;
    }
    const std::size_t begin = std::max(spans[i].begin, last.begin), end = std::max(spans[i].end, last.end);
    if (begin > last.end && last.end > 0) {
      const bool is_space = strip(text.substr(last.end, begin - last.end)).empty();
      if (!is_space || ends_in_space(text.substr(last.begin, last.end - last.begin))) stretch(i, begin);
    }
    spans[i] = {std::min(begin, last.end), std::max(begin, end)};
    if (spans[i].end > last.end) tail = i;
    last = spans[i];
  }
  if (last.end > 0) stretch(spans.size(), text.size());
}

/// The text that makes a tokenizer, and the files that it was read from; the first is to blame for it.
struct Source {
  std::string json;
  std::string beside;  // what the files beside a tokenizer.json say
  std::vector<fs::path> files;
};

Source read_folder(const fs::path& folder) {
  const TokenizerConfig config = read_tokenizer_config(folder);
  const auto with_config = [&](const fs::path& file) {
    std::vector<fs::path> files = {file};
    files.insert(files.end(), config.files.begin(), config.files.end());
    return files;
  };
  if (const fs::path file = folder / "tokenizer.json"; fs::exists(file)) {
    std::string json = read_text_file(file);
    std::string beside = beside_tokenizer_json(config, json, folder);
    return {std::move(json), std::move(beside), with_config(file)};
  }
  if (const fs::path model = folder / "tokenizer.model"; fs::exists(model))
    return {sentencepiece_folder_json(folder, config), "", with_config(model)};
  fail(
      "{}: has no tokenizer.json and no tokenizer.model; write one with "
      "AutoTokenizer.from_pretrained(…).save_pretrained(…), or use a .gguf file",
      folder.string());
}

}  // namespace

struct Tokenizer::Handle {
  Handle(std::string_view json, std::string_view beside, std::string origin, std::vector<fs::path> files)
      : origin(std::move(origin)), files(std::move(files)) {
    std::string reason;
    tokenizer = tokenizers_ffi_load(json.data(), json.size(), beside.data(), beside.size(), sink(reason));
    if (!tokenizer)
      fail("{}: not a tokenizer that can be used: {}", this->origin, crate_reason(reason));
  }
  ~Handle() { tokenizers_ffi_free(tokenizer); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  std::string origin;
  std::vector<fs::path> files;
  tokenizers_ffi* tokenizer = nullptr;
};

Tokenizer Tokenizer::open(const fs::path& model) {
  if (fs::is_directory(model)) {
    Source source = read_folder(model);
    const std::string origin = source.files.front().string();
    return Tokenizer(std::make_shared<const Handle>(source.json, source.beside, origin, std::move(source.files)));
  }
  if (!fs::exists(model)) fail("{}: there is no such file or folder; check the path", model.string());
  if (model.extension() != ".gguf")
    fail("{}: neither a Hugging Face folder nor a .gguf file; give one of these", model.string());
  return Tokenizer(
      std::make_shared<const Handle>(tokenizer_json(Gguf(model)), "", model.string(), std::vector<fs::path>{model}));
}

Tokenizer Tokenizer::from_json(std::string_view json, const std::string& origin) {
  return Tokenizer(std::make_shared<const Handle>(json, "", origin, std::vector<fs::path>{}));
}

Encoding Tokenizer::encode(std::string_view text, bool add_special) const {
  if (!is_utf8(text)) fail("{}: a text is not UTF-8: \"{}\"", handle_->origin, printable(text));
  std::vector<tokenizers_ffi_token> tokens;
  std::string reason;
  if (!tokenizers_ffi_encode(handle_->tokenizer, text.data(), text.size(), add_special, sink(tokens), sink(reason)))
    fail("{}: cannot encode \"{}\": {}", handle_->origin, printable(text), crate_reason(reason));

  Encoding encoding;
  for (const auto& [id, added, from, to] : tokens) {
    if (!std::in_range<TokenId>(id)) fail("{}: the id {} is out of range; use an intact file", handle_->origin, id);
    encoding.ids.push_back(static_cast<TokenId>(id));
    encoding.offsets.push_back(whole_code_points(text, {from, to}));
  }
  cover(text, tokens, encoding.offsets);
  return encoding;
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
  const std::vector<std::uint32_t> unsigned_ids(ids.begin(), ids.end());  // a negative id becomes one of no token
  std::string text, reason;
  if (!tokenizers_ffi_decode(handle_->tokenizer, unsigned_ids.data(), unsigned_ids.size(), sink(text), sink(reason)))
    fail("{}: cannot decode {} ids: {}", handle_->origin, ids.size(), crate_reason(reason));
  return text;
}

std::string Tokenizer::piece(TokenId id) const {
  std::string piece;
  tokenizers_ffi_piece(handle_->tokenizer, static_cast<std::uint32_t>(id), sink(piece));
  return piece;
}

const std::vector<fs::path>& Tokenizer::files() const { return handle_->files; }

std::size_t Tokenizer::vocabulary_size() const { return tokenizers_ffi_vocabulary_size(handle_->tokenizer); }

}  // namespace tertium
