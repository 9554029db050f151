#include "tertium/audit/texts.h"

#include <algorithm>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/squeezed.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostProblems = 1000;  // then it is another kind of file

/// The objects of a file of JSON lines, going on behind a line that is none.
void read_lines(const fs::path& path, const std::function<void(const JsonLine&)>& entry,
                const std::function<bool(const std::string&)>& goes_on_after) {
  JsonLines lines(path);
  while (true) {
    try {
      const std::optional<JsonLine> line = lines.next();
      if (!line) return;
      entry(*line);
    } catch (const Error& error) {
      if (!goes_on_after(error.what()) || !lines.goes_on()) return;
    }
  }
}

/// Reads one language's file.
class LenientReader {
 public:
  LenientReader(const Task& task, const std::string& language, const TextRules& rules)
      : task_(task), language_(language), rules_(rules) {}

  ReadFile read(const fs::path& data, const std::string& split) {
    try {
      const ItemFile file = items_file(task_, data, language_, split);
      read_.path = file.path;
      read_entries(file);
      if (read_.items.empty() && read_.problems.empty())
        fail("{}: holds no items; is it the right file?", file.path.string());
    } catch (const Error& error) {
      read_.problems.emplace_back(error.what());
    }
    return std::move(read_);
  }

 private:
  void read_entries(const ItemFile& file) {
    if (file.read != read_json_lines) {
      file.read(file.path, [&](const JsonLine& line) { add(line); });
      return;
    }
    read_lines(
        file.path, [&](const JsonLine& line) { add(line); },
        [&](const std::string& problem) {
          read_.problems.push_back(problem);
          return read_.problems.size() < kMostProblems;
        });
  }

  void add(const JsonLine& line) {
    try {
      Item item = item_of(task_, line, language_, rules_);
      if (!ids_.insert(item.id).second)
        fail("{}: id \"{}\" was used before; ids must differ", line.where, printable(item.id));
      read_.items.push_back(std::move(item));
    } catch (const Error& error) {
      read_.problems.emplace_back(error.what());
    }
  }

  const Task& task_;
  const std::string& language_;
  const TextRules& rules_;
  ReadFile read_;
  std::set<std::string> ids_;
};

/// The pivot's choice decides for all languages, as in a run; without a pivot, that of the first language with items.
void choose(TaskTexts& texts) {
  const auto first =
      std::ranges::find_if(texts.languages, [](const LanguageTexts& language) { return !language.file.items.empty(); });
  if (first == texts.languages.end()) return;
  std::vector<Item> asked;
  try {
    asked = chosen(texts.spec.choice, first->file.items, first->file.path.string());
  } catch (const Error& error) {
    texts.problem = error.what();
    return;
  }
  std::set<std::string> in_first, is_asked;
  for (const Item& item : first->file.items) in_first.insert(item.id);
  for (const Item& item : asked) is_asked.insert(item.id);
  for (LanguageTexts& language : texts.languages) {
    // Items that the first language lacks stay where all are asked.
    for (const Item& item : language.file.items)
      if (is_asked.contains(item.id) || (asked.size() == first->file.items.size() && !in_first.contains(item.id)))
        language.items.push_back(item);
    language.set_places();
  }
}

/// The items whose ids are in all of the lists, in the order of the first.
std::vector<std::vector<Item>> parallel_part(const std::vector<const std::vector<Item>*>& lists) {
  std::map<std::string, std::size_t> seen;
  for (const std::vector<Item>* list : lists)
    for (const Item& item : *list) ++seen[item.id];
  std::vector<std::vector<Item>> parts;
  for (const std::vector<Item>* list : lists) {
    std::map<std::string, const Item*> by_id;
    for (const Item& item : *list) by_id[item.id] = &item;
    std::vector<Item>& part = parts.emplace_back();
    for (const Item& item : *lists.front())
      if (seen[item.id] == lists.size()) part.push_back(*by_id[item.id]);
  }
  return parts;
}

/// The examples of each item, as a run chooses them among what is parallel in all languages that can be read.
void choose_examples(TaskTexts& texts) {
  std::vector<const std::vector<Item>*> items, pools;
  for (const LanguageTexts& language : texts.languages) {
    if (language.items.empty() || language.pool.items.empty()) continue;
    items.push_back(&language.items);
    pools.push_back(&language.pool.items);
    if (texts.spec.shots.in_pivot) break;
  }
  if (items.empty()) return;
  const std::vector<std::vector<Item>> asked = parallel_part(items), examples = parallel_part(pools);
  std::vector<ShotTexts> shot_texts;
  for (std::size_t l = 0; l < asked.size(); ++l) shot_texts.push_back({examples[l], asked[l]});
  const LanguageTexts& pivot = texts.pivot();
  std::error_code ignored;
  const bool same_file = fs::equivalent(pivot.pool.path, pivot.file.path, ignored);
  try {
    const auto chosen = choose_shots(texts.spec.shots, shot_texts, same_file, pivot.pool.path.string());
    for (std::size_t i = 0; i < chosen.size(); ++i)
      for (const std::size_t shot : chosen[i]) texts.shots[asked[0][i].id].push_back(examples[0][shot].id);
  } catch (const Error& error) {
    texts.problem = error.what();
  }
}

}  // namespace

void LanguageTexts::set_places() {
  places.clear();
  for (std::size_t i = 0; i < items.size(); ++i) places[items[i].id] = i;
}

const Item* LanguageTexts::find(const std::string& id) const {
  const auto found = places.find(id);
  return found == places.end() ? nullptr : &items[found->second];
}

TaskTexts read_texts(const TaskSpec& spec, const std::string& pivot) {
  const Task& task = task_named(spec.name);
  TaskTexts texts{.task = &task, .spec = spec};
  for (const std::string& name : with_pivot(pivot, spec.languages)) {
    LanguageTexts& language = texts.languages.emplace_back(LanguageTexts{.language = name});
    language.file = LenientReader(task, name, spec.rules).read(spec.data, spec.split);
    if (spec.shots.count > 0 && (!spec.shots.in_pivot || name == pivot))
      language.pool = LenientReader(task, name, spec.rules)
                          .read(spec.shots.data.empty() ? spec.data : spec.shots.data,
                                spec.shots.split.empty() ? spec.split : spec.shots.split);
  }
  choose(texts);
  if (spec.shots.count > 0) choose_examples(texts);
  return texts;
}

std::string whole_question(const Item& item) {
  std::string text = squeezed(item.statement_context);
  std::vector<std::string> options;
  for (const std::string& option : item.statement_options) options.push_back(squeezed(option));
  std::ranges::sort(options);
  for (const std::string& option : options) (text += '\0') += option;
  return text;
}

std::vector<Item> examples_of(const TaskTexts& texts, const LanguageTexts& language, const std::string& item) {
  std::vector<Item> examples;
  const auto shots = texts.shots.find(item);
  if (shots == texts.shots.end()) return examples;
  const LanguageTexts& solved = texts.spec.shots.in_pivot ? texts.pivot() : language;
  for (const std::string& id : shots->second) {
    const auto found = std::ranges::find(solved.pool.items, id, &Item::id);
    if (found != solved.pool.items.end()) examples.push_back(*found);
  }
  return examples;
}

}  // namespace tertium
