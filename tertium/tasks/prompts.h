#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/tasks/item.h"
#include "tertium/tasks/orders.h"
#include "tertium/tasks/task.h"

namespace tertium {

/// Protocol letters: one prompt lists the options, and the logits of the letters' tokens at its end are compared.
struct LettersTemplate {
  /// What is read, in option order: "A" or " A"; the last token of each. An item of n options takes the first n.
  std::vector<std::string> letters;
  /// {name} stands for Item::fields[name], {option1} for the choice listed first, {letter1} for its letter, {options}
  /// for one line an option ("A: its text"), {{ and }} for braces.
  std::string prompt;
  std::string origin;  // the file, or "the built-in template"; for error messages
  FieldRoles roles;    // of the task's fields
  OptionOrder order;   // the option behind each letter; empty: in the item's order
};

/// The template of `task` in a TOML file: a table [<task>] with `letters` (array of strings) and `prompt`. An empty
/// path gives the built-in one, with letters " A" to " Z". Throws Error naming the file and key: no such table, an
/// unknown key or table, letters that repeat or are too few, a brace that does not pair.
LettersTemplate letters_template(const Task& task, const std::filesystem::path& file);

/// The prompt of one item, with the ends of what the item brings marked. Throws Error naming item and placeholder if
/// the item has no such field (lists those it has), if the item has more options than the template has letters, or if
/// the prompt names its options or letters, but not all of them equally often.
MarkedText fill(const LettersTemplate& letters, const Item& item);

/// What is read for an option of an item; see LettersTemplate::order.
const std::string& letter_of(const LettersTemplate& letters, std::size_t option);

/// The template with other letters, spaced as its own. Throws Error if the prompt spells its letters itself instead of
/// naming {options} or {letter1} ….
LettersTemplate with_symbols(LettersTemplate letters, const std::vector<std::string>& symbols);

}  // namespace tertium
