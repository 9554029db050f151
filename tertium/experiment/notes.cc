#include "tertium/experiment/notes.h"

#include <functional>
#include <nlohmann/json.hpp>

#include "tertium/analysis/undecided.h"
#include "tertium/base/error.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

using nlohmann::json;
using Flag = bool Question::*;

std::vector<std::string> flagged(const PreparedLanguage& language, Flag flag) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < language.questions.size(); ++i)
    if (language.questions[i].*flag) ids.push_back(language.items[i].id);
  return ids;
}

/// How many items of each language a note is about.
struct Counted {
  std::string text;  // "12 items of it, 3 of zh"; empty if there are none
  std::size_t total = 0;

  Counted(const PreparedTask& task, const std::function<std::size_t(const PreparedLanguage&)>& count) {
    const auto add = [&](const PreparedLanguage& language) {
      const std::size_t here = count(language);
      if (here == 0) return;
      const std::string_view items = total > 0 ? "" : here == 1 ? " item" : " items";
      text += fmt::format("{}{}{} of {}", total > 0 ? ", " : "", here, items, language.language);
      total += here;
    };
    add(task.pivot);
    for (const PreparedLanguage& language : task.others) add(language);
  }

  std::string_view either(std::string_view one, std::string_view many) const { return total == 1 ? one : many; }
};

Counted counted(const PreparedTask& task, Flag flag) {
  return {task, [&](const PreparedLanguage& language) { return flagged(language, flag).size(); }};
}

/// The items of a language that ask for something else than in the pivot: XCOPA's files say cause in one language and
/// effect in another for some, and the words between context and option follow them.
std::size_t asked_otherwise(const PreparedTask& task, const PreparedLanguage& language) {
  const std::string field(task_named(task.spec.name).asks);
  std::size_t count = 0;
  for (std::size_t i = 0; !field.empty() && i < language.items.size(); ++i)
    count += language.items[i].fields.at(field) != task.pivot.items[i].fields.at(field);
  return count;
}

constexpr char kJoints[] = "joints_swallowed", kCut[] = "truncated", kBos[] = "bos_in_text", kLeftOut[] = "left_out";

void store_language(Store& store, const TaskSpec& task, const PreparedLanguage& language) {
  const std::string key = run_key(task, language);
  const auto set = [&](const char* name, const std::string& value) {
    store.set_info(fmt::format("{} {}", name, key), value);
  };
  for (const auto& [name, flag] :
       {std::pair(kJoints, &Question::joint_swallowed), {kCut, &Question::is_cut}, {kBos, &Question::spells_bos}})
    if (const std::size_t count = flagged(language, flag).size(); count > 0) set(name, std::to_string(count));
  if (const auto ids = flagged(language, &Question::identical_options); !ids.empty())
    store.set_info(undecided_key(task.name, task.stored_protocol(), language.language), json(ids).dump());
}

}  // namespace

std::string run_key(const TaskSpec& task, const PreparedLanguage& language) {
  return fmt::format("{} {} {}", task.name, task.stored_protocol(), language.language);
}

std::vector<std::string> notes_on(const PreparedTask& task) {
  std::vector<std::string> notes;
  if (const std::size_t count = task.left_out.size(); count > 0)
    notes.push_back(fmt::format("{} left out: too long for the model in one of the languages or protocols",
                                count == 1 ? "1 item is" : fmt::format("{} items are", count)));
  if (const Counted cut = counted(task, &Question::is_cut); cut.total > 0)
    notes.push_back(fmt::format("{} {} too long and lost tokens at {} beginning", cut.text, cut.either("was", "were"),
                                cut.either("its", "their")));
  if (const Counted joints = counted(task, &Question::joint_swallowed); joints.total > 0)
    notes.push_back(fmt::format("in {} a token spans context and option; the option is scored from the next token on",
                                joints.text));
  if (const Counted bos = counted(task, &Question::spells_bos); bos.total > 0)
    notes.push_back(fmt::format("{} {} with the tokenizer's BOS already; none is put before it", bos.text,
                                bos.either("begins", "begin")));
  if (const Counted identical = counted(task, &Question::identical_options); identical.total > 0)
    notes.push_back(
        fmt::format("{} {} two options of one text: scored, but in none of TS, TF, FS and FF, and not patched",
                    identical.text, identical.either("has", "have")));
  const Counted otherwise(task, [&](const PreparedLanguage& language) { return asked_otherwise(task, language); });
  if (otherwise.total > 0)
    notes.push_back(fmt::format("{} {} in field \"{}\" than in {}; each is asked as its own file says", otherwise.text,
                                otherwise.either("says something else", "say something else"),
                                task_named(task.spec.name).asks, task.pivot.language));
  return notes;
}

void store_notes(Store& store, const PreparedTask& task) {
  store_language(store, task.spec, task.pivot);
  for (const PreparedLanguage& language : task.others) store_language(store, task.spec, language);
  for (const PreparedLanguage& language : task.others)
    if (const std::size_t count = asked_otherwise(task, language); count > 0)
      store.set_info(fmt::format("asked_otherwise {}", run_key(task.spec, language)), std::to_string(count));
  if (!task.left_out.empty())
    store.set_info(fmt::format("{} {}", kLeftOut, task.spec.name), json(task.left_out).dump());
}

}  // namespace tertium
