// Any bytes as the items of every task (JSON Lines), and those items as prompts.

#include "fuzz/support.h"
#include "tertium/base/text.h"
#include "tertium/tasks/prompts.h"
#include "tertium/tasks/task.h"

namespace {

using namespace tertium;

fuzz::Input input;

std::filesystem::path input_as_file(const std::filesystem::path&, const std::string&, const std::string&) {
  return fuzz::as_file(input);
}

void use(const Task& task, const std::vector<Item>& items) {
  fuzz::demand(!items.empty(), "no items are an error");
  for (const Item& item : items) {
    fuzz::demand(item.gold < item.options.size(), "gold is an option");
    fuzz::demand(item.options.size() == item.statement_options.size() && item.options.size() == item.choices.size(),
                 "options, statements and choices are as many");
    for (const std::string* text : {&item.id, &item.category, &item.context, &item.statement_context, &item.premise})
      fuzz::demand(is_utf8(*text), "a text is UTF-8");
    for (const std::string& option : item.options) fuzz::demand(is_utf8(option), "an option is UTF-8");
    fuzz::read_or_refuse([&] { fill(letters_template(task, {}), item); });
  }
  fuzz::demand(parallel_to(items, items).size() == items.size(), "items are parallel to themselves");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input = {data, size};
  for (const std::string& name : task_names())
    fuzz::read_or_refuse([&] {
      Task task = task_named(name);
      task.file = input_as_file;
      use(task_named(name), read_items(task, "data", "en", ""));
    });
  return 0;
}
