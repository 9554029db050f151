#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/tokenizer/tokenizer_json.h"

namespace tertium {

/// What a Hugging Face folder says of its tokenizer beside the vocabulary: tokenizer_config.json, and the files that
/// older folders have (special_tokens_map.json, added_tokens.json, which count where the first has no
/// "added_tokens_decoder"). Other keys change no ids in transformers 5: clean_up_tokenization_spaces, do_lower_case,
/// keep_accents, model_max_length, padding_side, remove_space, sp_model_kwargs, spaces_between_special_tokens.
struct TokenizerConfig {
  std::vector<std::filesystem::path> files;  // those that there are
  std::optional<bool> add_bos_token, add_eos_token, add_prefix_space;
  bool legacy = false;  // every piece of text between special tokens gets a space before it
  bool split_special_tokens = false;  // special tokens are not found in texts
  bool fix_mistral_regex = false;     // another split than that of a tokenizer.json
  std::map<std::string, std::string> special_tokens;  // "bos_token" → "<s>"
  std::vector<std::string> more_special_tokens;
  std::vector<AddedToken> added;  // by id
};

/// Throws Error naming file and key: no JSON, a value of a wrong type, an id out of range.
TokenizerConfig read_tokenizer_config(const std::filesystem::path& folder);

struct FolderTemplate {
  std::string text;
  std::filesystem::path file;
};

/// The chat template of a folder, as transformers' tokenizers find it: chat_template.jinja, else the default one of
/// tokenizer_config.json, which counts only if there is no additional_chat_templates/. Nothing if there is none. Throws
/// Error naming the file: templates without a default one, or only a processor's chat_template.json.
std::optional<FolderTemplate> read_chat_template(const std::filesystem::path& folder);

/// What Tokenizer::from_json takes for a folder with a tokenizer.model. Alone it gives SentencePiece's own ids, with
/// BOS before them; with the files above special tokens are found in texts, too, and tokens may be added, as in
/// transformers. (transformers 5 puts no space before a text that begins with one; SentencePiece does, and so do we.)
/// `config` is the folder's. Throws Error naming the file.
std::string sentencepiece_folder_json(const std::filesystem::path& folder, const TokenizerConfig& config);

/// What these files change of the tokenizer.json beside them, for the crate: tokens that are added, as transformers 5
/// adds them, and whether special tokens are found in texts. (It ignores add_bos_token, add_eos_token and
/// add_prefix_space there, and so do we.) Throws Error naming the file if "fix_mistral_regex" wants another split.
std::string beside_tokenizer_json(const TokenizerConfig& config, std::string_view tokenizer_json,
                                  const std::filesystem::path& folder);

}  // namespace tertium
