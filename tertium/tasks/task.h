#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/tasks/item.h"
#include "tertium/tasks/shots.h"

namespace tertium {

struct JsonLine;  // tasks/json_lines.h

/// The names of an item's fields whose ends are positions; empty where a benchmark has no such field.
struct FieldRoles {
  std::string_view premise;   // "flores_passage"
  std::string_view question;  // "question"
  std::string_view option;    // "mc_answer", which a number from 1 follows
};

/// A file that may hold a language's items, and what reads it: hands on every entry, in file order.
struct ItemFile {
  std::filesystem::path path;
  void (*read)(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& entry);
};

/// How texts are made where published evaluations do what not everybody wants.
struct TextRules {
  /// XCOPA: only punctuation is dropped from a premise's end (compat = "fixed"), not whatever stands there.
  bool fixed = false;
  /// The statements are those that the study published (statements = "2504.09378v1").
  bool study_statements = false;

  bool operator==(const TextRules&) const = default;
};

/// A benchmark: how its files are named and how a line becomes an item. Add one: tasks/<name>.cc, which defines
/// <name>_task, and a line in tasks.def.
struct Task {
  std::string_view name;
  /// Where the items may lie: the first of these that is there is read. An empty split means the task's own default;
  /// Error if the task has no such split.
  std::vector<ItemFile> (*files)(const std::filesystem::path& data, const std::string& language,
                                 const std::string& split);
  /// Everything of an Item but language and fields, which read_items adds.
  Item (*item)(const JsonLine& line, const std::string& language);
  FieldRoles roles;
  std::string_view letters_prompt;               // the default template of protocol letters; see prompts.h
  std::string_view language_field = "language";  // where a line has it, it must be the language of its file
  std::string_view asks = "";    // the field that decides what is asked, which parallel items should share
  std::string_view shares = "";  // the field that several items may have in common, which makes them one unit
  /// What to do where the files of a language are not there; empty, or null: nothing particular.
  std::string (*missing)(const std::string& language) = nullptr;

  // What rules other than the default do; `item` follows the default ones.
  Item (*item_by)(const JsonLine& line, const std::string& language,
                  const TextRules& rules) = nullptr;  // null: nothing
  bool may_be_fixed = false;                          // it has TextRules::fixed
  bool in_study = false;                              // it has TextRules::study_statements
  LmEvalShots lm_eval_shots = LmEvalShots::drawn;
  std::string_view lm_eval_target = "";  // the field that is the target there; empty: the number of the gold option
};

/// <data>/<language>.jsonl, for tasks without splits. Throws Error if one is asked for.
std::vector<ItemFile> one_file_per_language(const std::filesystem::path& data, const std::string& language,
                                            const std::string& split);

/// <data>/<language>.jsonl, .csv or .tsv: the columns of a dataset on the hub. Without splits, likewise.
std::vector<ItemFile> hub_files(const std::filesystem::path& data, const std::string& language,
                                const std::string& split);

/// Throws Error for an unknown name, listing the known ones and the nearest.
const Task& task_named(std::string_view name);
std::vector<std::string> task_names();

/// The file that read_items reads. Throws Error if it is not there, naming what lies there instead.
ItemFile items_file(const Task& task, const std::filesystem::path& data, const std::string& language,
                    const std::string& split);

/// The item of one entry of a language's file. Throws Error naming file and line: a missing field, a gold out of range,
/// another language.
Item item_of(const Task& task, const JsonLine& line, const std::string& language, const TextRules& rules = {});

/// All items of one file, in file order. Throws Error naming file and line: no such file, bad UTF-8 or JSON, a missing
/// field, a gold out of range, another language, an id used twice, no items. The first problem ends the reading.
std::vector<Item> read_items(const Task& task, const std::filesystem::path& data, const std::string& language,
                             const std::string& split, const TextRules& rules = {});

/// `items` in the order of `pivot`, which they must parallel: the same ids, gold and number of options.
/// Throws Error naming both languages and the first item that differs.
std::vector<Item> parallel_to(const std::vector<Item>& pivot, std::vector<Item> items);

}  // namespace tertium
