#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// How a sentence is asked to be translated (docs/methods.md, section 12). {source_language} and {target_language}
/// stand for the languages' names, {source} and {target} for sentences, {{ and }} for braces.
struct TranslationTemplate {
  std::string before;  // once, in front of all; no sentence
  std::string shot = "{source_language}: {source}\n{target_language}: {target}\n\n";
  std::string asked = "{source_language}: {source}\n{target_language}:";  // {source} once, no {target}
  std::string answer = " {target}";                                       // what goes on with it; {target} once
  std::vector<std::string> stops = {"\n"};                                // texts that end an answer
  std::string origin = "the built-in template";                           // the file; for error messages
};

/// A TOML file with a table [translate] that may hold before, shot, asked, answer and stops; what it leaves out is as
/// in the built-in template. An empty path gives that one. Throws Error naming the file and key: an unknown key, a
/// placeholder that has no meaning there, a brace that does not pair, a text or a list that is too long.
TranslationTemplate translation_template(const std::filesystem::path& file);

/// What a prompt calls its two languages.
struct LanguageNames {
  std::string source, target;
};

/// A solved example.
struct TranslationShot {
  std::string_view source, target;
};

struct TranslationPrompt {
  std::string text;
  std::size_t source_begin = 0, source_end = 0;  // bytes of the sentence that is to be translated
};

/// The prompt of one sentence behind some examples.
TranslationPrompt fill(const TranslationTemplate& form, const LanguageNames& names,
                       std::span<const TranslationShot> shots, std::string_view source);
/// The text that should go on with it.
std::string answer_text(const TranslationTemplate& form, const LanguageNames& names, std::string_view target);

/// The English name of a language by its code, as FLORES spells it ("deu_Latn") or shorter ("de"); empty if there is
/// none.
std::string language_name(const std::string& code);

/// Where the first of some texts that end an answer begins; the whole size if none is there.
std::size_t answer_end(std::string_view text, std::span<const std::string> stops);

}  // namespace tertium
