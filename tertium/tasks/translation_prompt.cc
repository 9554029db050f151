#include "tertium/tasks/translation_prompt.h"

#include <unicode/uloc.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <map>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/base/toml.h"

namespace tertium {
namespace {

constexpr std::size_t kMostBytes = 1 << 16;  // of one text of a template
constexpr std::size_t kMostStops = 16;

/// What placeholders stand for.
struct PairValues {
  const LanguageNames& names;
  std::string_view source, target;

  std::string_view of(std::string_view name) const {
    if (name == "source_language") return names.source;
    if (name == "target_language") return names.target;
    return name == "source" ? source : target;
  }
};

/// Calls `text` and `placeholder` with the pieces of a template's text, in order. Throws Error for a lone brace.
template <class Text, class Placeholder>
void for_each_piece(std::string_view rest, const std::string& origin, std::string_view key, const Text& text,
                    const Placeholder& placeholder) {
  while (!rest.empty()) {
    const std::size_t brace = std::min(rest.find_first_of("{}"), rest.size());
    if (brace > 0) text(rest.substr(0, brace));
    rest.remove_prefix(brace);
    if (rest.empty()) return;
    if (rest.starts_with("{{") || rest.starts_with("}}")) {
      text(rest.substr(0, 1));
      rest.remove_prefix(2);
      continue;
    }
    const std::size_t end = rest.find_first_of("{}", 1);
    if (rest.front() == '}' || end == rest.npos || rest[end] == '{' || end == 1)
      fail("{}: {} has a lone brace at \"{}\"; write {{name}}, or double the brace to have it as text", origin, key,
           printable(rest, 20));
    placeholder(rest.substr(1, end - 1));
    rest.remove_prefix(end + 1);
  }
}

/// Appends a filled text; where its {source} begins, if it has one.
std::size_t append_filled(const TranslationTemplate& form, std::string_view key, const std::string& text,
                          const PairValues& values, std::string& to) {
  std::size_t source = 0;
  for_each_piece(
      text, form.origin, key, [&](std::string_view piece) { to += piece; },
      [&](std::string_view name) {
        if (name == "source") source = to.size();
        to += values.of(name);
      });
  return source;
}

/// How often each placeholder may and must stand in a text.
struct Rule {
  const char* key;
  std::string TranslationTemplate::*text;
  bool source, target;                                      // whether it holds that sentence …
  bool source_is_wanted = false, target_is_wanted = false;  // … and must, once
};
constexpr Rule kRules[] = {{"before", &TranslationTemplate::before, false, false},
                           {"shot", &TranslationTemplate::shot, true, true},
                           {"asked", &TranslationTemplate::asked, true, false, true, false},
                           {"answer", &TranslationTemplate::answer, false, true, false, true}};

void demand_rule(const TranslationTemplate& form, const Rule& rule) {
  const std::string& text = form.*rule.text;
  if (text.size() > kMostBytes) fail("{}: {} has more than {} bytes", form.origin, rule.key, kMostBytes);
  std::map<std::string, int> times;
  for_each_piece(
      text, form.origin, rule.key, [](std::string_view) {},
      [&](std::string_view name) {
        std::vector<std::string> known = {"source_language", "target_language"};
        if (rule.source) known.emplace_back("source");
        if (rule.target) known.emplace_back("target");
        if (std::ranges::find(known, name) == known.end())
          fail("{}: {} names {{{}}}; known there are {}", form.origin, rule.key, printable(name), join(known));
        ++times[std::string(name)];
      });
  if (rule.source_is_wanted && times["source"] != 1) fail("{}: {} must name {{source}} once", form.origin, rule.key);
  if (rule.target_is_wanted && times["target"] != 1) fail("{}: {} must name {{target}} once", form.origin, rule.key);
}

std::vector<std::string> read_stops(const toml::node& node, const std::string& where) {
  std::vector<std::string> stops;
  const toml::array* list = node.as_array();
  if (!list || list->empty() || list->size() > kMostStops)
    fail("{}: stops must list 1 to {} texts, as in [\"\\n\"]", where, kMostStops);
  for (const toml::node& one : *list) {
    stops.push_back(one.value_or(std::string()));
    if (stops.back().empty() || stops.back().size() > kMostBytes)
      fail("{}: stops has an entry that is empty, too long or no text", where);
  }
  return stops;
}

/// Of a code's language, where ICU has another name or none.
std::string usual_name(std::string_view language) {
  static const std::map<std::string_view, std::string> names = {
      {"arb", "Arabic"},    {"ary", "Moroccan Arabic"}, {"arz", "Egyptian Arabic"}, {"zho", "Chinese"},
      {"cmn", "Chinese"},   {"swh", "Swahili"},         {"npi", "Nepali"},          {"zsm", "Malay"},
      {"lvs", "Latvian"},   {"als", "Albanian"},        {"azj", "Azerbaijani"},     {"uzn", "Uzbek"},
      {"khk", "Mongolian"}, {"pes", "Persian"},         {"ydd", "Yiddish"},         {"ory", "Odia"},
      {"quy", "Quechua"},   {"nob", "Norwegian"},       {"ell", "Greek"},           {"plt", "Malagasy"}};
  const auto found = names.find(language);
  return found == names.end() ? "" : found->second;
}

}  // namespace

TranslationTemplate translation_template(const std::filesystem::path& file) {
  TranslationTemplate form;
  if (file.empty()) return form;
  form.origin = file.string();
  const toml::table tables = parse_toml(read_text_file(file), file.string());
  const toml::table* table = tables["translate"].as_table();
  if (!table) fail("{}: no table [translate]; it holds before, shot, asked, answer and stops", file.string());
  for (const auto& [key, node] : tables)
    if (key.str() != "translate")
      fail("{}: unknown table \"{}\"; known is translate", place(file, node), printable(key.str()));
  for (const auto& [key, node] : *table) {
    if (key.str() == "stops") {
      form.stops = read_stops(node, place(file, node));
      continue;
    }
    const auto rule = std::ranges::find_if(kRules, [&, &key = key](const Rule& one) { return one.key == key.str(); });
    if (rule == std::end(kRules))
      fail("{}: unknown key \"{}\"; known are before, shot, asked, answer, stops", place(file, node),
           printable(key.str()));
    const auto text = node.value_exact<std::string>();
    if (!text) fail("{}: {} must be a text", place(file, node), rule->key);
    form.*rule->text = *text;
  }
  for (const Rule& rule : kRules) demand_rule(form, rule);
  return form;
}

TranslationPrompt fill(const TranslationTemplate& form, const LanguageNames& names,
                       std::span<const TranslationShot> shots, std::string_view source) {
  TranslationPrompt prompt;
  append_filled(form, "before", form.before, {names, "", ""}, prompt.text);
  for (const TranslationShot& shot : shots)
    append_filled(form, "shot", form.shot, {names, shot.source, shot.target}, prompt.text);
  prompt.source_begin = append_filled(form, "asked", form.asked, {names, source, ""}, prompt.text);
  prompt.source_end = prompt.source_begin + source.size();
  return prompt;
}

std::string answer_text(const TranslationTemplate& form, const LanguageNames& names, std::string_view target) {
  std::string text;
  append_filled(form, "answer", form.answer, {names, "", target}, text);
  return text;
}

std::string language_name(const std::string& code) {
  const std::string language = code.substr(0, code.find_first_of("_-"));
  const bool is_code = language.size() >= 2 && language.size() <= 3 &&
                       std::ranges::all_of(language, [](char letter) { return letter >= 'a' && letter <= 'z'; });
  if (!is_code) return {};
  if (std::string name = usual_name(language); !name.empty()) return name;
  UChar buffer[128];
  UErrorCode problem = U_ZERO_ERROR;
  const std::int32_t size = uloc_getDisplayLanguage(language.c_str(), "en", buffer, 128, &problem);
  if (U_FAILURE(problem) || problem == U_USING_DEFAULT_WARNING || size <= 0 || size > 128) return {};
  std::string name;
  icu::UnicodeString(buffer, size).toUTF8String(name);
  return name == language ? "" : name;
}

std::size_t answer_end(std::string_view text, std::span<const std::string> stops) {
  std::size_t end = text.size();
  for (const std::string& stop : stops) end = std::min(end, text.find(stop));
  return end;
}

}  // namespace tertium
