#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/tasks/item.h"

namespace tertium {

struct JsonLine;  // tasks/json_lines.h

/// The names of an item's fields whose ends are positions; empty where a benchmark has no such field.
struct FieldRoles {
  std::string_view premise;   // "flores_passage"
  std::string_view question;  // "question"
  std::string_view option;    // "mc_answer", which a number from 1 follows
};

/// A benchmark: how its files are named and how a line becomes an item. Add one: tasks/<name>.cc, which defines
/// <name>_task, and a line in tasks.def.
struct Task {
  std::string_view name;
  /// Where the items lie. An empty split means the task's own default; Error if the task has no such thing as splits.
  std::filesystem::path (*file)(const std::filesystem::path& data, const std::string& language,
                                const std::string& split);
  /// Everything of an Item but language and fields, which read_items adds.
  Item (*item)(const JsonLine& line, const std::string& language);
  FieldRoles roles;
  std::string_view letters_prompt;  // the default template of protocol letters; see prompts.h
};

/// <data>/<language>.jsonl, for tasks without splits. Throws Error if one is asked for.
std::filesystem::path one_file_per_language(const std::filesystem::path& data, const std::string& language,
                                            const std::string& split);

/// Throws Error for an unknown name, listing the known ones and the nearest.
const Task& task_named(std::string_view name);
std::vector<std::string> task_names();

/// All items of one file, in file order. Throws Error naming file and line: no such file, bad UTF-8 or JSON, a missing
/// field, a gold out of range, an id used twice, no items. The first problem ends the reading.
std::vector<Item> read_items(const Task& task, const std::filesystem::path& data, const std::string& language,
                             const std::string& split);

/// `items` in the order of `pivot`, which they must parallel: the same ids, gold and number of options.
/// Throws Error naming both languages and the first item that differs.
std::vector<Item> parallel_to(const std::vector<Item>& pivot, std::vector<Item> items);

}  // namespace tertium
