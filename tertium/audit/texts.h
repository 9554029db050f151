#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tertium/experiment/experiment.h"
#include "tertium/tasks/item.h"
#include "tertium/tasks/task.h"

namespace tertium {

/// A file of items as far as it can be read.
struct ReadFile {
  std::filesystem::path path;         // empty if there is none
  std::vector<std::string> problems;  // messages, one a line that is no item or that ends the reading
  std::vector<Item> items;            // the others, in file order
};

/// What is known of one language of a task.
struct LanguageTexts {
  std::string language;
  ReadFile file;
  std::vector<Item> items;  // of the file: those that the task's limit, offset and ids choose in the pivot
  ReadFile pool;            // few-shot: where the examples come from

  /// Null if the language lacks it.
  const Item* find(const std::string& id) const;
  /// To be called once the items stand.
  void set_places();

  std::map<std::string, std::size_t> places;  // of items, by id
};

/// The texts of one task. Languages need not be parallel, and a language without a readable file has no items.
struct TaskTexts {
  const Task* task;  // null: sentences or open questions (plain_texts.h)
  const TaskSpec& spec;
  std::vector<LanguageTexts> languages;                   // the pivot first
  std::map<std::string, std::vector<std::string>> shots;  // few-shot: ids of the examples, by the asked item's id
  std::string problem;  // why items or examples could not be chosen; empty if they were

  const LanguageTexts& pivot() const { return languages.front(); }
};

inline const std::vector<Item>& all_items(const LanguageTexts& language) { return language.file.items; }
inline const std::vector<Item>& asked_items(const LanguageTexts& language) { return language.items; }

/// The ids of the items of which `holds` is true.
template <class Holds>
std::vector<std::string> ids_where(const std::vector<Item>& items, const Holds& holds) {
  std::vector<std::string> ids;
  for (const Item& item : items)
    if (holds(item)) ids.push_back(item.id);
  return ids;
}

/// What an item says in all, the same for items that differ only in white space or in the order of their options.
std::string whole_question(const Item& item);

/// Reads what can be read of a task's files and goes on where read_items would stop. `spec` must outlive the texts.
TaskTexts read_texts(const TaskSpec& spec, const std::string& pivot);

/// The examples that stand before an item in a language; none without few-shot.
std::vector<Item> examples_of(const TaskTexts& texts, const LanguageTexts& language, const std::string& item);

}  // namespace tertium
