#include "tertium/experiment/corpus_keys.h"

#include <algorithm>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/experiment/toml_table.h"

namespace tertium {
namespace {

/// What the files call a language, for the pivot and the task's languages.
std::map<std::string, std::string> read_file_names(TomlTable& table, const std::vector<std::string>& languages) {
  std::map<std::string, std::string> names;
  const toml::table* files = table.table("files");
  if (!files) return names;
  for (const auto& [key, node] : *files) {
    const std::string language(key.str());
    const auto name = node.value_exact<std::string>();
    if (!name || name->empty()) table.refuse(node, "files", "must give each language a name, as { en = \"eng_Latn\" }");
    if (std::ranges::find(languages, language) == languages.end())
      table.refuse(node, "files", fmt::format("{} is not among pivot and languages", printable(language)));
    names[language] = *name;
  }
  return names;
}

}  // namespace

CorpusSpec read_corpus_keys(TomlTable& table, const std::string& pivot, const std::vector<std::string>& others) {
  CorpusSpec corpus;
  corpus.data = table.text("data");
  corpus.split = table.text("split", "");
  corpus.languages = table.texts("languages", {}, "ita_Latn");
  std::erase(corpus.languages, pivot);
  std::vector<std::string> all = corpus.languages;
  all.push_back(pivot);
  all.insert(all.end(), others.begin(), others.end());
  corpus.files = read_file_names(table, all);
  corpus.offset =
      static_cast<std::size_t>(table.integer("offset", 0, std::numeric_limits<std::int64_t>::max()).value_or(0));
  if (const toml::node* node = table.find("limit")) {
    if (const auto count = node->value_exact<std::int64_t>(); count && *count >= 2)
      corpus.limit = static_cast<std::size_t>(*count);
    else if (node->value_exact<std::string>() == "all")
      corpus.limit.reset();
    else
      table.refuse(*node, "limit", "must be a number of sentences from 2 on, or \"all\"");
  }
  return corpus;
}

}  // namespace tertium
