#pragma once

#include <string>
#include <vector>

#include "fuzz/support.h"
#include "tertium/base/text.h"
#include "tertium/tasks/item.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/prompts.h"
#include "tertium/tasks/task.h"

namespace tertium::fuzz {

/// Demands of the items of a task what its readers promise, and makes prompts of them.
inline void use(const Task& task, const std::vector<Item>& items) {
  demand(!items.empty(), "no items are an error");
  for (const Item& item : items) {
    demand(item.gold < item.options.size(), "gold is an option");
    demand(item.options.size() == item.statement_options.size() && item.options.size() == item.choices.size(),
           "options, statements and choices are as many");
    for (const std::string* text : {&item.id, &item.category, &item.context, &item.statement_context, &item.premise})
      demand(is_utf8(*text), "a text is UTF-8");
    for (const std::string& option : item.options) demand(is_utf8(option), "an option is UTF-8");
    demand(is_utf8(content_of(item)), "a content is UTF-8");
    has_identical_options(item);
    read_or_refuse([&] { fill(letters_template(task, {}), item); });
  }
  demand(parallel_to(items, items).size() == items.size(), "items are parallel to themselves");
}

/// Reads a task's items from the files that `files` gives, and uses them.
inline void read_and_use(const std::string& name, decltype(Task::files) files) {
  read_or_refuse([&] {
    Task task = task_named(name);
    task.files = files;
    use(task_named(name), read_items(task, "data", "en", ""));
  });
}

}  // namespace tertium::fuzz
