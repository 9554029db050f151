#include "tertium/tokenizer/tokenizer_config.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/json.h"
#include "tertium/base/text.h"
#include "tertium/formats/mapped_file.h"
#include "tertium/tokenizer/pieces.h"
#include "tertium/tokenizer/sentencepiece_model.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMostAddedTokens = 1 << 20;

/// One of the files: an object, or nothing if it is not there.
struct File {
  fs::path path;
  Json object;  // null without a file

  explicit File(fs::path file) : path(std::move(file)) {
    if (fs::exists(path)) object = read_json_object(path);
  }

  [[noreturn]] void refuse(const std::string& key, std::string_view must) const {
    fail("{}: \"{}\" must be {}; correct it, or fetch the file again", path.string(), printable(key), must);
  }
  /// The value of `key`; null if it is absent.
  const Json& find(const std::string& key) const {
    static const Json none;
    const auto found = object.find(key);
    return object.is_object() && found != object.end() ? *found : none;
  }
  std::optional<bool> flag(const std::string& key) const {
    const Json& value = find(key);
    if (value.is_null()) return std::nullopt;
    if (!value.is_boolean()) refuse(key, "true or false");
    return value.get<bool>();
  }
  /// A token is a text, or an object with its text as "content".
  std::string token(const Json& value, const std::string& key) const {
    const Json& content = value.is_object() && value.contains("content") ? value["content"] : value;
    if (!content.is_string()) refuse(key, "a text, or an object with a text as \"content\"");
    return content.get<std::string>();
  }
};

AddedToken added_token(const File& file, const std::string& key, const Json& value, std::size_t id) {
  const auto flag = [&](const char* name, bool fallback) {
    if (!value.is_object() || !value.contains(name)) return fallback;
    if (!value[name].is_boolean()) file.refuse(key, fmt::format("an object whose \"{}\" is true or false", name));
    return value[name].get<bool>();
  };
  const bool special = flag("special", false);
  return {.id = id,
          .content = file.token(value, key),
          .special = special,
          .lstrip = flag("lstrip", false),
          .rstrip = flag("rstrip", false),
          .single_word = flag("single_word", false),
          .normalized = flag("normalized", !special)};
}

void set_special_token(const File& file, const std::string& key, const Json& value, TokenizerConfig& config) {
  if (value.is_null())
    config.special_tokens.erase(key);
  else if (value.is_string() || value.is_object())
    config.special_tokens.insert_or_assign(key, file.token(value, key));
}

void read_special_tokens(const File& file, TokenizerConfig& config) {
  if (!file.object.is_object()) return;
  for (const auto& [key, value] : file.object.items())
    if (key.ends_with("_token")) set_special_token(file, key, value, config);
  for (const std::string key : {"additional_special_tokens", "extra_special_tokens"}) {
    const Json& tokens = file.find(key);
    if (tokens.is_object())  // tokens of images and sounds, which templates know by name
      for (const auto& [name, token] : tokens.items()) set_special_token(file, name, token, config);
    if (!tokens.is_array()) continue;
    for (const Json& token : tokens) config.more_special_tokens.push_back(file.token(token, key));
  }
}

void read_added_tokens(const File& config_file, const File& added_file, TokenizerConfig& config) {
  const std::string key = "added_tokens_decoder";
  const Json& decoder = config_file.find(key);
  if (!decoder.is_null() && !decoder.is_object()) config_file.refuse(key, "an object of ids and tokens");
  for (const auto& [id, value] : decoder.items()) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || end != id.data() + id.size())
      config_file.refuse(key, fmt::format("an object of ids and tokens; \"{}\" is no id", printable(id)));
    config.added.push_back(added_token(config_file, key, value, number));
  }
  if (decoder.is_null() && added_file.object.is_object()) {
    for (const auto& [content, id] : added_file.object.items()) {
      if (!id.is_number_unsigned()) added_file.refuse(content, "an id");
      config.added.push_back(
          {.id = id.get<std::size_t>(), .content = content, .special = false, .normalized = true});
    }
  }
  std::ranges::sort(config.added, {}, &AddedToken::id);
}

/// A text, or templates by name, as an object or as a list of {"name", "template"} whose later ones count; "default" is the
/// one for chats.
std::optional<std::string> chat_template(const File& file) {
  const std::string key = "chat_template";
  const Json& value = file.find(key);
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array() && !value.is_object()) file.refuse(key, "a text, or templates with names");
  std::optional<std::string> found;
  for (const auto& [member, named] : value.items()) {
    const bool in_list = value.is_array() && named.is_object();
    const Json name = value.is_object() ? Json(member) : in_list ? named.value("name", Json()) : Json();
    const Json text = value.is_object() ? named : in_list ? named.value("template", Json()) : Json();
    if (!name.is_string() || !text.is_string()) file.refuse(key, "a text, or templates with names; one lacks either");
    if (name == "default") found = text.get<std::string>();
  }
  if (!found) file.refuse(key, "a text, or templates with names, one of them \"default\"");
  return found;
}

// ---- tokenizer.model and the rest of its folder

/// Adds what the configuration adds to the pieces of a tokenizer.model.
struct Extension {
  Pieces& pieces;
  const std::string& origin;
  std::map<std::string, std::size_t, std::less<>> ids = {};

  void run(const TokenizerConfig& config) {
    for (std::size_t id = 0; id < pieces.pieces.size(); ++id) ids.emplace(pieces.pieces[id].text, id);
    for (const AddedToken& token : config.added) add(token);
    for (const auto& [key, content] : config.special_tokens) add_special(content);
    for (const std::string& content : config.more_special_tokens) add_special(content);
    if (const auto bos = config.special_tokens.find("bos_token"); bos != config.special_tokens.end())
      pieces.bos = FramingToken{ids.at(bos->second), bos->second};
    if (const auto eos = config.special_tokens.find("eos_token"); eos != config.special_tokens.end())
      pieces.eos = FramingToken{ids.at(eos->second), eos->second};
  }

 private:
  void add_special(const std::string& content) {
    const auto found = ids.find(content);
    const std::size_t id = found == ids.end() ? pieces.pieces.size() : found->second;
    const auto added = std::ranges::find(pieces.added, id, &AddedToken::id);
    if (added == pieces.added.end())
      add({.id = id, .content = content});
    else
      added->special = true;
  }

  /// The token takes its id: the vocabulary grows up to it, or one of its pieces takes another name.
  void add(const AddedToken& token) {
    if (token.content.empty() || token.content.size() > kMaxPieceBytes)
      fail("{}: an added token has {} bytes; correct it", origin, token.content.size());
    if (token.id >= pieces.pieces.size() + kMostAddedTokens)
      fail("{}: the id {} of \"{}\" is far outside the vocabulary of {}; correct it", origin, token.id,
           printable(token.content), pieces.pieces.size());
    if (token.id >= pieces.pieces.size()) pieces.pieces.resize(token.id + 1, Piece{.type = PieceType::unused});
    const auto [known, is_new] = ids.emplace(token.content, token.id);
    if (known->second != token.id)
      fail("{}: \"{}\" has the ids {} and {}; correct it", origin, printable(token.content), known->second, token.id);
    Piece& piece = pieces.pieces[token.id];
    if (is_new) piece = {.text = token.content, .type = PieceType::control};  // only found as an added token
    AddedToken found_as_spelled = token;
    found_as_spelled.normalized = false;
    const auto added = std::ranges::find(pieces.added, token.id, &AddedToken::id);
    if (added == pieces.added.end())
      pieces.added.push_back(found_as_spelled);
    else
      *added = found_as_spelled;
  }
};

}  // namespace

TokenizerConfig read_tokenizer_config(const fs::path& folder) {
  const File file(folder / "tokenizer_config.json"), names(folder / "special_tokens_map.json"),
      added(folder / "added_tokens.json");
  TokenizerConfig config;
  for (const File* read : {&file, &names, &added})
    if (read->object.is_object()) config.files.push_back(read->path);
  config.add_bos_token = file.flag("add_bos_token");
  config.add_eos_token = file.flag("add_eos_token");
  config.add_prefix_space = file.flag("add_prefix_space");
  config.legacy = file.flag("legacy").value_or(false);
  config.split_special_tokens = file.flag("split_special_tokens").value_or(false);
  config.fix_mistral_regex = file.flag("fix_mistral_regex").value_or(false);
  read_special_tokens(file, config);
  // The older files count only where the configuration lists no added tokens, and then more than it.
  if (file.find("added_tokens_decoder").is_null()) read_special_tokens(names, config);
  read_added_tokens(file, added, config);
  return config;
}

std::optional<FolderTemplate> read_chat_template(const fs::path& folder) {
  if (const fs::path jinja = folder / "chat_template.jinja"; fs::exists(jinja))
    return FolderTemplate{read_text_file(jinja), jinja};
  if (const fs::path more = folder / "additional_chat_templates"; fs::is_directory(more))
    for (const auto& entry : fs::directory_iterator(more))
      if (entry.path().extension() == ".jinja")
        fail("{}: has templates, but there is no chat_template.jinja, the default one, beside it; fetch it too",
             more.string());
  const File file(folder / "tokenizer_config.json");
  if (std::optional<std::string> text = chat_template(file)) return FolderTemplate{*std::move(text), file.path};
  if (const fs::path json = folder / "chat_template.json"; fs::exists(json))
    fail("{}: is a processor's template, which tokenizers do not read; write its text into chat_template.jinja",
         json.string());
  return std::nullopt;
}

std::string beside_tokenizer_json(const TokenizerConfig& config, std::string_view tokenizer_json,
                                  const fs::path& folder) {
  // The split that transformers puts in the place of the one that Mistral's older files have.
  if (config.fix_mistral_regex && tokenizer_json.find(R"([\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|)") == std::string_view::npos)
    fail("{}: \"fix_mistral_regex\" wants another split than that of the tokenizer.json beside it; save both "
         "again with a current transformers",
         (folder / "tokenizer_config.json").string());
  std::vector<AddedToken> added = config.added;
  std::vector<std::string> special;
  const auto named = [&](const std::string& key) {
    if (const auto found = config.special_tokens.find(key); found != config.special_tokens.end())
      special.push_back(found->second);
  };
  const std::vector<std::string> first = {"bos_token", "eos_token", "unk_token", "sep_token",
                                          "pad_token", "cls_token", "mask_token"};
  std::ranges::for_each(first, named);
  for (const auto& [key, content] : config.special_tokens)
    if (std::ranges::find(first, key) == first.end()) special.push_back(content);
  special.insert(special.end(), config.more_special_tokens.begin(), config.more_special_tokens.end());
  for (AddedToken& token : added)  // named ones are special, whatever their own entry says
    token.special = token.special || std::ranges::find(special, token.content) != special.end();
  return Json{{"added", added_tokens_json(added)},
              {"special", special},
              {"split_special_tokens", config.split_special_tokens}}
      .dump();
}

std::string sentencepiece_folder_json(const fs::path& folder, const TokenizerConfig& config) {
  const fs::path path = folder / "tokenizer.model";
  const std::string origin = path.string();
  const MappedFile file(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  Pieces pieces = parse_sentencepiece_model(bytes, origin);
  Extension{pieces, (folder / "tokenizer_config.json").string()}.run(config);
  pieces.special_in_text = !config.files.empty() && !config.split_special_tokens;
  pieces.first_prefix_only = !config.legacy;
  pieces.dummy_prefix = pieces.dummy_prefix && config.add_prefix_space.value_or(true);
  if (!config.add_bos_token.value_or(true)) pieces.bos.reset();
  if (!config.add_eos_token.value_or(false)) pieces.eos.reset();
  return tokenizer_json(pieces);
}

}  // namespace tertium
