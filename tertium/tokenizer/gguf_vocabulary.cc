#include "tertium/tokenizer/gguf_vocabulary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tokenizer/pieces.h"
#include "tertium/tokenizer/tokenizer_json.h"

namespace tertium {
namespace {

constexpr std::string_view model_key = "tokenizer.ggml.model";
constexpr std::string_view pre_key = "tokenizer.ggml.pre";
constexpr std::string_view tokens_key = "tokenizer.ggml.tokens";
constexpr std::string_view types_key = "tokenizer.ggml.token_type";
constexpr std::string_view scores_key = "tokenizer.ggml.scores";
constexpr std::string_view merges_key = "tokenizer.ggml.merges";
constexpr std::string_view unknown_key = "tokenizer.ggml.unknown_token_id";
constexpr std::string_view space_prefix_key = "tokenizer.ggml.add_space_prefix";

// ---- What the file says, checked

struct Vocabulary {
  const Gguf& gguf;
  const std::vector<std::string>& tokens;
  std::vector<PieceType> types;                           // [tokens]
  std::unordered_map<std::string_view, std::size_t> ids;  // of every token
};

/// Refuses the value of `key`: `refuse(gguf, key, "[7] is {}, …", type)`.
template <class... Args>
[[noreturn]] void refuse(const Gguf& gguf, std::string_view key, fmt::format_string<Args...> why, Args&&... args) {
  fail("{}: {}{}; use a file made by a current llama.cpp converter", gguf.path().string(), key,
       fmt::format(why, std::forward<Args>(args)...));
}

std::vector<PieceType> read_types(const Gguf& gguf, std::size_t tokens) {
  const auto& numbers = gguf.get<std::vector<std::int64_t>>(types_key);
  if (numbers.size() != tokens) refuse(gguf, types_key, " has {} entries for {} tokens", numbers.size(), tokens);
  std::vector<PieceType> types;
  types.reserve(tokens);
  for (const std::int64_t number : numbers) {
    if (number < static_cast<std::int64_t>(PieceType::normal) || number > static_cast<std::int64_t>(PieceType::byte))
      refuse(gguf, types_key, "[{}] is {}, which is no token type", types.size(), number);
    types.push_back(PieceType{number});
  }
  return types;
}

Vocabulary read_vocabulary(const Gguf& gguf) {
  const auto& tokens = gguf.get<std::vector<std::string>>(tokens_key);
  if (tokens.empty()) refuse(gguf, tokens_key, " is empty");
  Vocabulary vocabulary{gguf, tokens, read_types(gguf, tokens.size()), {}};
  vocabulary.ids.reserve(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const auto [other, is_new] = vocabulary.ids.emplace(tokens[id], id);
    if (!is_new) refuse(gguf, tokens_key, "[{}] and [{}] are both \"{}\"", other->second, id, printable(tokens[id]));
  }
  return vocabulary;
}

/// The token that `key` names, if the file has the key.
std::optional<std::size_t> named_token(const Vocabulary& vocabulary, std::string_view key) {
  const Gguf& gguf = vocabulary.gguf;
  if (!gguf.has(key)) return std::nullopt;
  const auto id = gguf.get<std::int64_t>(key);
  if (id < 0 || std::cmp_greater_equal(id, vocabulary.tokens.size()))
    refuse(gguf, key, " is {}, but there are {} tokens", id, vocabulary.tokens.size());
  return static_cast<std::size_t>(id);
}

void append_merge(std::string& json, std::string_view left, std::string_view right) {
  json += json.empty() ? "[" : ",[";
  append_quoted(json, left);
  json += ',';
  append_quoted(json, right);
  json += ']';
}

std::string vocabulary_json(const Vocabulary& vocabulary) {
  std::string json;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (id > 0) json += ',';
    append_quoted(json, vocabulary.tokens[id]);
    fmt::format_to(std::back_inserter(json), ":{}", id);
  }
  return json;
}

/// Control tokens, and with `user_defined` the user's too.
std::vector<AddedToken> added_tokens(const Vocabulary& vocabulary, bool user_defined) {
  std::vector<AddedToken> added;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const PieceType type = vocabulary.types[id];
    const bool special = type == PieceType::control || type == PieceType::unknown;
    if (special || (user_defined && type == PieceType::user_defined))
      added.push_back({.id = id, .content = vocabulary.tokens[id], .special = special});
  }
  return added;
}

/// The token that goes around every text ("bos", "eos"), if the file (or, where it is silent, `by_default`) wants it.
std::optional<FramingToken> framing_token(const Vocabulary& vocabulary, std::string_view which, bool by_default) {
  const std::string wanted_key = fmt::format("tokenizer.ggml.add_{}_token", which);
  const std::string id_key = fmt::format("tokenizer.ggml.{}_token_id", which);
  if (!vocabulary.gguf.get_or<bool>(wanted_key, by_default)) return std::nullopt;
  const auto id = named_token(vocabulary, id_key);
  if (!id) refuse(vocabulary.gguf, id_key, " is missing, but the token is to be added");
  return FramingToken{*id, vocabulary.tokens[*id]};
}

// ---- Byte-level BPE

constexpr std::string_view gpt2_words = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view llama3_words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2_words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr std::string_view tekken_words =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view gpt4o_words =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view deepseek3_words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view bloom_words = R"( ?[^(\s|[.,!?…。，、।۔،])]+)";
constexpr std::string_view one_digit = R"(\p{N})";

/// How a text is split before byte pairs are merged: what the models' own tokenizer.json files say.
struct Split {
  std::string_view name;                     // tokenizer.ggml.pre
  std::array<std::string_view, 5> patterns;  // one after the other; empty ones are none
  bool nfc = false;                          // the text is composed first
  bool whole_words = false;                  // a piece that is a token is that token, whatever its merges would be
  bool add_bos = false;                      // unless the file says otherwise
};

constexpr Split splits[] = {
    {.name = "default", .patterns = {gpt2_words}},
    {.name = "gpt-2", .patterns = {gpt2_words}},
    // SmolLM's own file takes all digits of Unicode singly; transformers, reading the GGUF, those of ASCII, and its ids
    // are the reference.
    {.name = "smollm", .patterns = {"[0-9]", gpt2_words}},
    {.name = "qwen2", .patterns = {qwen2_words}, .nfc = true},
    {.name = "llama-bpe", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "llama3", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "llama-v3", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "falcon3", .patterns = {llama3_words}, .whole_words = true, .add_bos = true},
    {.name = "dbrx", .patterns = {llama3_words}},  // OLMo 2, too
    {.name = "smaug-bpe", .patterns = {llama3_words}},
    {.name = "deepseek-r1-qwen", .patterns = {qwen2_words}, .nfc = true},
    {.name = "tekken", .patterns = {tekken_words}, .whole_words = true, .add_bos = true},
    {.name = "gpt-4o", .patterns = {gpt4o_words}},
    {.name = "llama4", .patterns = {gpt4o_words}},
    {.name = "deepseek-coder",
     .patterns = {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)", "[一-龥ࠀ-一가-퟿]+", one_digit}},
    {.name = "deepseek-v3", .patterns = {R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+", deepseek3_words}},
    {.name = "command-r", .patterns = {one_digit, gpt2_words}, .nfc = true},
    {.name = "starcoder", .patterns = {one_digit, gpt2_words}},
    {.name = "refact", .patterns = {one_digit, gpt2_words}},
    {.name = "codeshell", .patterns = {one_digit, gpt2_words}},
    {.name = "falcon", .patterns = {R"([\p{P}$+<=>^~|`]+)", gpt2_words, "[0-9][0-9][0-9]"}},
    {.name = "olmo", .patterns = {gpt2_words}},
    {.name = "mpt", .patterns = {gpt2_words}},
    {.name = "jais", .patterns = {gpt2_words}},
    {.name = "phi-2", .patterns = {gpt2_words}},
    {.name = "bloom", .patterns = {bloom_words}},
    {.name = "poro-chat", .patterns = {bloom_words}},
    {.name = "gpt3-finnish", .patterns = {bloom_words}},
    {.name = "viking", .patterns = {bloom_words, one_digit}},
};

const Split& read_split(const Gguf& gguf) {
  const auto& name = gguf.get<std::string>(pre_key);
  const auto known = std::ranges::find(splits, name, &Split::name);
  if (known != std::end(splits)) return *known;
  std::vector<std::string> names;
  for (const Split& split : splits) names.emplace_back(split.name);
  fail("{}: {} is \"{}\", tertium knows {}; use the model's Hugging Face folder instead", gguf.path().string(), pre_key,
       printable(name), join(names));
}

std::string given_merges(const Vocabulary& vocabulary) {
  const auto& merges = vocabulary.gguf.get<std::vector<std::string>>(merges_key);
  const auto is_token = [&](std::string_view text) { return vocabulary.ids.contains(text); };
  std::string json;
  std::string joined;
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const std::string_view merge = merges[i];
    const std::size_t space = merge.find(' ', 1);  // a piece may begin with a space, as llama.cpp has it
    if (space == std::string_view::npos)
      refuse(vocabulary.gguf, merges_key, "[{}] is \"{}\", not two tokens", i, printable(merge));
    const std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
    joined.assign(left).append(right);
    if (!is_token(left) || !is_token(right) || !is_token(joined))
      refuse(vocabulary.gguf, merges_key, "[{}] is \"{}\", but these are not all tokens", i, printable(merge));
    append_merge(json, left, right);
  }
  return json;
}

// ---- SentencePiece

std::vector<double> read_scores(const Vocabulary& vocabulary) {
  std::vector<double> scores = vocabulary.gguf.get<std::vector<double>>(scores_key);
  if (scores.size() != vocabulary.tokens.size())
    refuse(vocabulary.gguf, scores_key, " has {} entries for {} tokens", scores.size(), vocabulary.tokens.size());
  const auto bad = std::ranges::find_if(scores, [](double score) { return !std::isfinite(score); });
  if (bad != scores.end()) refuse(vocabulary.gguf, scores_key, "[{}] is not a finite number", bad - scores.begin());
  return scores;
}

std::string sentencepiece_json(const Vocabulary& vocabulary) {
  const Gguf& gguf = vocabulary.gguf;
  Pieces pieces;
  const std::vector<double> scores = read_scores(vocabulary);
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string& text = vocabulary.tokens[id];
    if (text.size() > kMaxPieceBytes) refuse(gguf, tokens_key, "[{}] has {} bytes", id, text.size());
    pieces.pieces.push_back({text, scores[id], vocabulary.types[id]});
  }
  pieces.unknown = named_token(vocabulary, unknown_key);
  pieces.byte_fallback = std::ranges::count(vocabulary.types, PieceType::byte) == kByteValues;
  if (!pieces.unknown && !pieces.byte_fallback)
    refuse(gguf, unknown_key, " is missing, and the vocabulary does not have all {} bytes", kByteValues);
  pieces.dummy_prefix = gguf.get_or<bool>(space_prefix_key, true);
  pieces.added = added_tokens(vocabulary, false);
  // Phi 3's tokens of a chat swallow the white space behind them; no key says so.
  if (gguf.get_or<std::string>("general.architecture", "") == "phi3")
    for (AddedToken& token : pieces.added)
      token.rstrip = token.content != "<unk>" && token.content != "<s>" && token.content != "<|endoftext|>";
  pieces.bos = framing_token(vocabulary, "bos", true);
  pieces.eos = framing_token(vocabulary, "eos", false);
  return tokenizer_json(pieces);
}

// ---- Byte-level BPE, as JSON

/// A pre-tokenizer: every match of `pattern` is a piece of its own.
std::string isolated(std::string_view pattern) {
  return R"({"type":"Split","pattern":{"Regex":)" + json_string(pattern) + R"(},"behavior":"Isolated","invert":false})";
}

std::string byte_level_json(const Vocabulary& vocabulary) {
  const Split& split = read_split(vocabulary.gguf);
  const std::string bytes = R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false})";
  std::string words;
  for (const std::string_view pattern : split.patterns)
    if (!pattern.empty()) words += isolated(pattern) + ",";
  return fmt::format(
      R"({{"version":"1.0","added_tokens":{},"normalizer":{},)"
      R"("pre_tokenizer":{{"type":"Sequence","pretokenizers":[{}{}]}},"post_processor":{},"decoder":{},)"
      R"("model":{{"type":"BPE","unk_token":null,"ignore_merges":{},"vocab":{{{}}},"merges":[{}]}}}})",
      added_tokens_json(added_tokens(vocabulary, true)), split.nfc ? R"({"type":"NFC"})" : "null", words, bytes,
      frame_json(framing_token(vocabulary, "bos", split.add_bos), framing_token(vocabulary, "eos", false)), bytes,
      split.whole_words, vocabulary_json(vocabulary), given_merges(vocabulary));
}

}  // namespace

std::string tokenizer_json(const Gguf& gguf) {
  const Vocabulary vocabulary = read_vocabulary(gguf);
  const auto& model = gguf.get<std::string>(model_key);
  if (model == "llama") return sentencepiece_json(vocabulary);
  if (model == "gpt2") return byte_level_json(vocabulary);
  fail("{}: {} is \"{}\", tertium knows llama and gpt2; use the model's Hugging Face folder instead",
       gguf.path().string(), model_key, printable(model));
}

}  // namespace tertium
