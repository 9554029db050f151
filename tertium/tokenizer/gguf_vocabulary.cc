#include "tertium/tokenizer/gguf_vocabulary.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

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

constexpr std::size_t byte_values = 256;
constexpr std::size_t max_piece_bytes = 1024;  // real ones have about 100; the work grows with the square

// ---- What the file says, checked

/// The numbers that token_type holds.
enum class TokenType : std::int64_t { normal = 1, unknown, control, user_defined, unused, byte };

struct Vocabulary {
  const Gguf& gguf;
  const std::vector<std::string>& tokens;
  std::vector<TokenType> types;                           // [tokens]
  std::unordered_map<std::string_view, std::size_t> ids;  // of every token
};

/// Refuses the value of `key`: `refuse(gguf, key, "[7] is {}, …", type)`.
template <class... Args>
[[noreturn]] void refuse(const Gguf& gguf, std::string_view key, fmt::format_string<Args...> why, Args&&... args) {
  fail("{}: {}{}; use a file made by a current llama.cpp converter", gguf.path().string(), key,
       fmt::format(why, std::forward<Args>(args)...));
}

std::vector<TokenType> read_types(const Gguf& gguf, std::size_t tokens) {
  const auto& numbers = gguf.get<std::vector<std::int64_t>>(types_key);
  if (numbers.size() != tokens) refuse(gguf, types_key, " has {} entries for {} tokens", numbers.size(), tokens);
  std::vector<TokenType> types;
  types.reserve(tokens);
  for (const std::int64_t number : numbers) {
    if (number < static_cast<std::int64_t>(TokenType::normal) || number > static_cast<std::int64_t>(TokenType::byte))
      refuse(gguf, types_key, "[{}] is {}, which is no token type", types.size(), number);
    types.push_back(TokenType{number});
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

// ---- JSON, written as text: a vocabulary of 262,144 tokens and 513,511 merges takes tens of milliseconds this way

bool needs_escape(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' '; }

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

/// The tokens that are cut out of a text before anything else happens to it; `normalized` is said of the user's.
std::string added_tokens_json(const Vocabulary& vocabulary, bool normalized) {
  std::string json;
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const TokenType type = vocabulary.types[id];
    const bool special = type == TokenType::control || type == TokenType::unknown;
    if (!special && type != TokenType::user_defined) continue;
    if (!json.empty()) json += ',';
    fmt::format_to(
        std::back_inserter(json),
        R"({{"id":{},"content":{},"single_word":false,"lstrip":false,"rstrip":false,"normalized":{},"special":{}}})",
        id, json_string(vocabulary.tokens[id]), normalized && !special, special);
  }
  return json;
}

// ---- Byte-level BPE

constexpr std::string_view gpt2_words = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view llama3_words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2_words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// How a text is split before byte pairs are merged: what the models' own tokenizer.json files say.
struct Split {
  std::string_view name;  // tokenizer.ggml.pre
  std::string_view words;
  // Every ASCII digit is a piece of its own. SmolLM's own file says so of all digits of Unicode; transformers, reading
  // the GGUF, of none beyond ASCII, and its ids are the reference.
  bool single_digits = false;
  bool nfc = false;          // the text is composed first
  bool whole_words = false;  // a piece that is a token is that token, whatever its merges would be
  bool add_bos = false;      // unless the file says otherwise
};

constexpr Split splits[] = {
    {.name = "default", .words = gpt2_words},
    {.name = "gpt-2", .words = gpt2_words},
    {.name = "smollm", .words = gpt2_words, .single_digits = true},
    {.name = "qwen2", .words = qwen2_words, .nfc = true},
    {.name = "llama-bpe", .words = llama3_words, .whole_words = true, .add_bos = true},
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
  const auto bad = std::ranges::find_if(scores, [](double score) { return std::isnan(score); });
  if (bad != scores.end()) refuse(vocabulary.gguf, scores_key, "[{}] is not a number", bad - scores.begin());
  return scores;
}

/// SentencePiece merges whatever two pieces give the best piece, so every split of every piece is a merge, the best
/// piece first. Control, user-defined and byte tokens do not come about by merging.
std::string merges_by_score(const Vocabulary& vocabulary) {
  const std::vector<double> scores = read_scores(vocabulary);
  const auto merges = [&](std::size_t id) {
    return vocabulary.types[id] == TokenType::normal || vocabulary.types[id] == TokenType::unused;
  };
  const auto is_piece = [&](std::string_view text) {
    const auto found = vocabulary.ids.find(text);
    return found != vocabulary.ids.end() && merges(found->second);
  };
  std::vector<std::size_t> order(vocabulary.tokens.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t id) { return !merges(id); });
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t id) { return scores[id]; });

  std::string json;
  for (const std::size_t id : order) {
    const std::string_view whole = vocabulary.tokens[id];
    if (whole.size() > max_piece_bytes) refuse(vocabulary.gguf, tokens_key, "[{}] has {} bytes", id, whole.size());
    // The longest left part first, as Hugging Face orders the splits of one piece.
    for (std::string_view left = drop_last_code_point(whole); !left.empty(); left = drop_last_code_point(left)) {
      const std::string_view right = whole.substr(left.size());
      if (is_piece(left) && is_piece(right)) append_merge(json, left, right);
    }
  }
  return json;
}

/// The token for what the vocabulary cannot spell, as JSON.
std::string unknown_token(const Vocabulary& vocabulary) {
  if (const auto id = named_token(vocabulary, unknown_key)) return json_string(vocabulary.tokens[*id]);
  if (std::ranges::count(vocabulary.types, TokenType::byte) != byte_values)
    refuse(vocabulary.gguf, unknown_key, " is missing, and the vocabulary does not have all {} bytes", byte_values);
  return "null";
}

// ---- The parts of a tokenizer.json

/// JSON, but for the last two.
struct Parts {
  std::string normalizer = "null";
  std::string pre_tokenizer = "null";
  std::string decoder;
  std::string model_options;            // the members that stand beside vocab and merges
  std::string merges;                   // the elements of the array
  bool normalized_user_tokens = false;  // user-defined tokens are looked for behind the normalizer
  bool add_bos = false;                 // unless the file says otherwise
};

Parts sentencepiece_parts(const Vocabulary& vocabulary) {
  const bool space_prefix = vocabulary.gguf.get_or<bool>(space_prefix_key, true);
  const std::string escape = R"({"type":"Replace","pattern":{"String":" "},"content":"▁"})";
  const std::string unescape =
      R"({"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"})";
  Parts parts;
  parts.normalizer =
      space_prefix ? R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},)" + escape + "]}" : escape;
  parts.decoder = R"({"type":"Sequence","decoders":[)" + unescape +
                  (space_prefix ? R"(,{"type":"Strip","content":" ","start":1,"stop":0}]})" : "]}");
  parts.model_options = R"("unk_token":)" + unknown_token(vocabulary) + R"(,"fuse_unk":true,"byte_fallback":true)";
  parts.merges = merges_by_score(vocabulary);
  // As in SentencePiece, Gemma's token of two spaces also stands for ▁▁. A prefix would become part of such tokens.
  parts.normalized_user_tokens = !space_prefix;
  parts.add_bos = true;
  return parts;
}

/// A pre-tokenizer: every match of `pattern` is a piece of its own.
std::string isolated(std::string_view pattern) {
  return R"({"type":"Split","pattern":{"Regex":)" + json_string(pattern) + R"(},"behavior":"Isolated","invert":false})";
}

Parts byte_level_parts(const Vocabulary& vocabulary) {
  const Split& split = read_split(vocabulary.gguf);
  const std::string digits = split.single_digits ? isolated("[0-9]") + "," : "";
  const std::string bytes = R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false})";
  Parts parts;
  if (split.nfc) parts.normalizer = R"({"type":"NFC"})";
  parts.pre_tokenizer = R"({"type":"Sequence","pretokenizers":[)" + digits + isolated(split.words) + "," + bytes + "]}";
  parts.decoder = bytes;
  parts.model_options = fmt::format(R"("unk_token":null,"ignore_merges":{})", split.whole_words);
  parts.merges = given_merges(vocabulary);
  parts.add_bos = split.add_bos;
  return parts;
}

Parts read_parts(const Vocabulary& vocabulary) {
  const auto& model = vocabulary.gguf.get<std::string>(model_key);
  if (model == "llama") return sentencepiece_parts(vocabulary);
  if (model == "gpt2") return byte_level_parts(vocabulary);
  fail("{}: {} is \"{}\", tertium knows llama and gpt2; use the model's Hugging Face folder instead",
       vocabulary.gguf.path().string(), model_key, printable(model));
}

/// The token that goes around every text ("bos", "eos"), if the file (or, where it is silent, `by_default`) wants it.
std::optional<std::size_t> framing_token(const Vocabulary& vocabulary, std::string_view which, bool by_default) {
  const std::string wanted_key = fmt::format("tokenizer.ggml.add_{}_token", which);
  const std::string id_key = fmt::format("tokenizer.ggml.{}_token_id", which);
  if (!vocabulary.gguf.get_or<bool>(wanted_key, by_default)) return std::nullopt;
  const auto id = named_token(vocabulary, id_key);
  if (!id) refuse(vocabulary.gguf, id_key, " is missing, but the tokenizer adds this token to every text");
  return id;
}

std::string post_processor_json(const Vocabulary& vocabulary, bool bos_by_default) {
  const auto bos = framing_token(vocabulary, "bos", bos_by_default);
  const auto eos = framing_token(vocabulary, "eos", false);
  std::vector<std::string> frame = {R"({"Sequence":{"id":"A","type_id":0}})"};
  std::vector<std::string> special;
  const auto name = [&](std::size_t id) {
    const std::string token = json_string(vocabulary.tokens[id]);
    // BOS and EOS may be one token, and a key may come once.
    std::string entry = fmt::format(R"({0}:{{"id":{0},"ids":[{1}],"tokens":[{0}]}})", token, id);
    if (std::ranges::find(special, entry) == special.end()) special.push_back(std::move(entry));
    return fmt::format(R"({{"SpecialToken":{{"id":{},"type_id":0}}}})", token);
  };
  if (bos) frame.insert(frame.begin(), name(*bos));
  if (eos) frame.push_back(name(*eos));
  const std::string pair = R"({"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}})";
  return fmt::format(R"({{"type":"TemplateProcessing","single":[{}],"pair":[{}],"special_tokens":{{{}}}}})",
                     join(frame, ","), pair, join(special, ","));
}

}  // namespace

std::string tokenizer_json(const Gguf& gguf) {
  const Vocabulary vocabulary = read_vocabulary(gguf);
  const Parts parts = read_parts(vocabulary);
  return fmt::format(
      R"({{"version":"1.0","added_tokens":[{}],"normalizer":{},"pre_tokenizer":{},"post_processor":{},"decoder":{},)"
      R"("model":{{"type":"BPE",{},"vocab":{{{}}},"merges":[{}]}}}})",
      added_tokens_json(vocabulary, parts.normalized_user_tokens), parts.normalizer, parts.pre_tokenizer,
      post_processor_json(vocabulary, parts.add_bos), parts.decoder, parts.model_options, vocabulary_json(vocabulary),
      parts.merges);
}

}  // namespace tertium
