#include "tertium/tokenizer/gguf_vocabulary.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/known_keys.h"
#include "tertium/tokenizer/gguf_splits.h"
#include "tertium/tokenizer/pieces.h"
#include "tertium/tokenizer/tokenizer_json.h"

namespace tertium {
namespace {

using Json = nlohmann::json;

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

constexpr std::string_view used_keys[] = {
    "model",        "pre",           "tokens",           "token_type",   "scores",       "merges", "unknown_token_id",
    "bos_token_id", "add_bos_token", "add_space_prefix", "eos_token_id", "add_eos_token"};

constexpr std::string_view for_other_uses = "names tokens for other uses than the ids of a text";
constexpr KnownKey harmless_keys[] = {
    {"token_type_count", for_other_uses}, {"*_token_id", for_other_uses}, {"*_token_ids", for_other_uses}};
/// llama.cpp follows these in encoders only; a model that generates text is not made with them.
constexpr KnownKey harmless_if_off[] = {{"add_*_token", "switched off"},
                                        {"remove_extra_whitespaces", "switched off"},
                                        {"normalizer.lowercase", "switched off"},
                                        {"normalizer.strip_accents", "switched off"}};

/// Every key of the tokenizer is used, known to decide no ids, or refused.
void demand_known_keys(const Gguf& gguf) {
  constexpr std::string_view prefix = "tokenizer.ggml.";
  for (const auto& [key, value] : gguf.metadata()) {
    if (!key.starts_with(prefix)) continue;
    const std::string_view name = std::string_view(key).substr(prefix.size());
    if (std::ranges::find(used_keys, name) != std::end(used_keys)) continue;
    if (!why_known(name, harmless_keys).empty()) continue;
    if (!why_known(name, harmless_if_off).empty() && !gguf.get<bool>(key)) continue;
    fail("{}: {} may change the ids of a text, and tertium does not know how; use the model's Hugging Face folder",
         gguf.path().string(), printable(key));
  }
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

const Split& read_split(const Gguf& gguf) {
  constexpr std::string_view hint = "use the model's Hugging Face folder instead, or a file of a current converter";
  if (!gguf.has(pre_key))
    fail("{}: no metadata key {}, so how texts are split before merging is not known (llama.cpp would guess); {}",
         gguf.path().string(), pre_key, hint);
  const auto& name = gguf.get<std::string>(pre_key);
  if (const Split* split = find_split(name)) return *split;
  fail("{}: {} is \"{}\", tertium knows {}; {}", gguf.path().string(), pre_key, printable(name), join(split_names()),
       hint);
}

/// [merges] of two tokens each
Json given_merges(const Vocabulary& vocabulary) {
  const auto& merges = vocabulary.gguf.get<std::vector<std::string>>(merges_key);
  const auto is_token = [&](std::string_view text) { return vocabulary.ids.contains(text); };
  Json pairs = Json::array();
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
    pairs.push_back(Json::array({left, right}));
  }
  return pairs;
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

std::string byte_level_json(const Vocabulary& vocabulary) {
  const Split& split = read_split(vocabulary.gguf);
  const Json bytes = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
  Json words = Json::array();
  for (const std::string_view pattern : split.patterns)
    if (!pattern.empty())
      words.push_back(
          {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
  words.push_back(bytes);
  Json ids = Json::object();
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) ids[vocabulary.tokens[id]] = id;
  Json model = {{"type", "BPE"}, {"unk_token", nullptr}, {"ignore_merges", split.whole_words}};
  model["vocab"] = std::move(ids);
  model["merges"] = given_merges(vocabulary);
  Json tokenizer = {{"version", "1.0"},
                    {"added_tokens", added_tokens_json(added_tokens(vocabulary, true))},
                    {"normalizer", split.nfc ? Json{{"type", "NFC"}} : Json()},
                    {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", std::move(words)}}},
                    {"decoder", bytes}};
  tokenizer["post_processor"] =
      frame_json(framing_token(vocabulary, "bos", split.add_bos), framing_token(vocabulary, "eos", false));
  tokenizer["model"] = std::move(model);
  return tokenizer.dump();
}

}  // namespace

std::string tokenizer_json(const Gguf& gguf) {
  demand_known_keys(gguf);
  const Vocabulary vocabulary = read_vocabulary(gguf);
  const auto& model = gguf.get<std::string>(model_key);
  if (model == "llama") return sentencepiece_json(vocabulary);
  if (model == "gpt2") return byte_level_json(vocabulary);
  fail("{}: {} is \"{}\", tertium knows llama and gpt2; use the model's Hugging Face folder instead",
       gguf.path().string(), model_key, printable(model));
}

}  // namespace tertium
