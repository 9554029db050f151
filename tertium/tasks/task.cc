#include "tertium/tasks/task.h"

#include <cassert>
#include <unordered_map>
#include <unordered_set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"

namespace tertium {

#define TERTIUM_TASK(name) extern const Task name##_task;
#include "tertium/tasks/tasks.def"
#undef TERTIUM_TASK

namespace {

const Task* const all_tasks[] = {
#define TERTIUM_TASK(name) &name##_task,
#include "tertium/tasks/tasks.def"
#undef TERTIUM_TASK
};

void check_language(const Task& task, const JsonLine& line, const std::string& language) {
  const std::string own = line.text_if_any(task.language_field);
  if (!own.empty() && own != language)
    fail("{}: field \"{}\" is \"{}\" in the file of \"{}\"; move the line to its own file", line.where,
         task.language_field, printable(own), printable(language));
}

const std::string& language_of(const std::vector<Item>& items) {
  static const std::string none = "(no items)";
  return items.empty() ? none : items.front().language;
}

void check_parallel(const Item& pivot, const Item& item) {
  const auto differs = [&](std::string_view what, std::size_t here, std::size_t there) {
    fail("item \"{}\": {} is {} in {} but {} in {}; the files must be parallel, so mend or drop the item in both",
         printable(item.id), what, here, item.language, there, pivot.language);
  };
  if (item.options.size() != pivot.options.size())
    differs("the number of options", item.options.size(), pivot.options.size());
  if (item.gold != pivot.gold) differs("the gold option (0-based)", item.gold, pivot.gold);
}

[[noreturn]] void fail_missing(const Item& item, const std::string& without) {
  fail("item \"{}\" is in {} but not in {}; the files must be parallel, so add it there or drop it here",
       printable(item.id), item.language, without);
}

}  // namespace

const Task& task_named(std::string_view name) {
  for (const Task* task : all_tasks)
    if (task->name == name) return *task;
  const std::string near = nearest(name, task_names());
  const std::string hint = near.empty() ? "" : fmt::format("did you mean \"{}\"? ", near);
  fail("no task \"{}\"; {}The tasks are {}", printable(name), hint, join(task_names()));
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const Task* task : all_tasks) names.emplace_back(task->name);
  return names;
}

Item item_of(const Task& task, const JsonLine& line, const std::string& language, const TextRules& rules) {
  check_language(task, line, language);
  Item item = task.item_by ? task.item_by(line, language, rules) : task.item(line, language);
  item.language = language;
  // insert() keeps what the task itself has put there.
  for (const auto& [name, value] : line.value.items())
    if (value.is_string()) item.fields.insert({name, value.get<std::string>()});
  return item;
}

std::vector<Item> read_items(const Task& task, const std::filesystem::path& data, const std::string& language,
                             const std::string& split, const TextRules& rules) {
  const ItemFile file = items_file(task, data, language, split);
  std::vector<Item> items;
  std::unordered_map<std::string, std::string> place_of_id;
  file.read(file.path, [&](const JsonLine& line) {
    items.push_back(item_of(task, line, language, rules));
    const std::string& id = items.back().id;
    const auto [first, is_new] = place_of_id.insert({id, line.where});
    if (!is_new)
      fail("{}: id \"{}\" was used at {} already; ids must differ", line.where, printable(id), first->second);
  });
  if (items.empty()) fail("{}: holds no items; is it the right file?", file.path.string());
  return items;
}

std::vector<Item> parallel_to(const std::vector<Item>& pivot, std::vector<Item> items) {
  std::unordered_map<std::string_view, std::size_t> place_of_id;
  for (std::size_t i = 0; i < items.size(); ++i) place_of_id[items[i].id] = i;

  std::vector<std::size_t> order;
  std::unordered_set<std::string_view> pivot_ids;
  for (const Item& item : pivot) {
    [[maybe_unused]] const bool is_new = pivot_ids.insert(item.id).second;
    assert(is_new);  // read_items has checked it
    const auto found = place_of_id.find(item.id);
    if (found == place_of_id.end()) fail_missing(item, language_of(items));
    check_parallel(item, items[found->second]);
    order.push_back(found->second);
  }
  for (const Item& item : items)
    if (!pivot_ids.contains(item.id)) fail_missing(item, language_of(pivot));

  std::vector<Item> ordered;
  for (const std::size_t place : order) ordered.push_back(std::move(items[place]));
  return ordered;
}

}  // namespace tertium
