#include "tertium/experiment/translate_keys.h"

#include <algorithm>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/experiment/corpus_keys.h"
#include "tertium/experiment/toml_table.h"
#include "tertium/tasks/translation_prompt.h"

namespace tertium {
namespace {

/// What prompts call the languages: as the file says, else their English names.
std::map<std::string, std::string> read_names(TomlTable& table, const std::vector<std::string>& languages) {
  std::map<std::string, std::string> names;
  if (const toml::table* given = table.table("names"))
    for (const auto& [key, node] : *given) {
      const std::string language(key.str());
      const auto name = node.value_exact<std::string>();
      if (!name || name->empty())
        table.refuse(node, "names", "must give each language a name, as { deu_Latn = \"German\" }");
      if (std::ranges::find(languages, language) == languages.end())
        table.refuse(node, "names", fmt::format("{} is neither pivot nor source nor target", printable(language)));
      names[language] = *name;
    }
  for (const std::string& language : languages) {
    if (names.contains(language)) continue;
    names[language] = language_name(language);
    if (names[language].empty())
      fail("task \"translate\": no English name is known for \"{0}\"; give names = {{ {0} = \"…\" }}",
           printable(language));
  }
  return names;
}

}  // namespace

TranslateSpec read_translate_keys(TomlTable& table, const std::string& pivot) {
  TranslateSpec spec;
  spec.target = table.text("target");
  spec.other_target = table.text("other_target", "");
  spec.text = read_corpus_keys(table, pivot, {spec.target, spec.other_target});
  std::erase(spec.text.languages, spec.target);
  if (spec.target == pivot) table.refuse(*table.find("target"), "target", "is the pivot; choose another");
  if (!spec.other_target.empty() && (spec.other_target == pivot || spec.other_target == spec.target))
    table.refuse(*table.find("other_target"), "other_target", "must be neither pivot nor target");
  std::vector<std::string> all = spec.text.languages;
  all.insert(all.end(), {pivot, spec.target});
  if (!spec.other_target.empty()) all.push_back(spec.other_target);
  spec.names = read_names(table, all);

  constexpr int kMostShots = 100, kMostTokens = 4096;
  spec.shots = static_cast<int>(table.integer("shots", 0, kMostShots).value_or(0));
  spec.shots_data = table.text("shots_data", "");
  spec.shots_split = table.text("shots_split", "");
  const bool seeded = table.one_of("shots_choice", {"first", "seeded"}, "first") == "seeded";
  const auto seed = table.integer("shots_seed", 0, std::numeric_limits<std::int64_t>::max());
  if (seeded) spec.shots_seed = static_cast<std::uint64_t>(seed.value_or(42));
  if (seed && !seeded) table.refuse(*table.find("shots_seed"), "shots_seed", "needs shots_choice = \"seeded\"");
  spec.prompt = table.text("prompt", "");
  spec.chat = table.flag("chat");
  spec.most_tokens = static_cast<int>(table.integer("max_new_tokens", 1, kMostTokens).value_or(spec.most_tokens));
  spec.success = table.number("success", 0, 100);
  table.demand_no_other_keys();
  return spec;
}

}  // namespace tertium
