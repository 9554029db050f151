#include "tertium/tasks/prompts.h"

#include <algorithm>
#include <cassert>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/base/toml.h"

namespace tertium {
namespace {

/// A stretch of a prompt: text to copy, or the name of what goes there.
struct PromptPiece {
  bool is_placeholder;
  std::string_view text;
};

/// The pieces of a prompt, in order. Throws Error for a brace that neither pairs nor is doubled.
std::vector<PromptPiece> pieces_of(const LettersTemplate& letters) {
  std::vector<PromptPiece> pieces;
  std::string_view rest = letters.prompt;
  while (!rest.empty()) {
    const std::size_t brace = std::min(rest.find_first_of("{}"), rest.size());
    if (brace > 0) pieces.push_back({false, rest.substr(0, brace)});
    rest.remove_prefix(brace);
    if (rest.empty()) break;
    if (rest.starts_with("{{") || rest.starts_with("}}")) {
      pieces.push_back({false, rest.substr(0, 1)});
      rest.remove_prefix(2);
      continue;
    }
    const std::size_t end = rest.find_first_of("{}", 1);
    if (rest.front() == '}' || end == rest.npos || rest[end] == '{' || end == 1)
      fail("{}: prompt has a lone brace at \"{}\"; write {{name}}, or double the brace to have it as text",
           letters.origin, printable(rest, 20));
    pieces.push_back({true, rest.substr(1, end - 1)});
    rest.remove_prefix(end + 1);
  }
  return pieces;
}

/// What a template may name, and what stands for it.
using Values = std::map<std::string, MarkedText>;

/// The option that a prompt lists at a place.
MarkedText listed_option(const LettersTemplate& letters, const Item& item, std::size_t place) {
  const std::size_t option = letters.order.empty() ? place : letters.order[place];
  return marked_option(item.choices[option], option);
}

MarkedText listed_options(const LettersTemplate& letters, const Item& item) {
  MarkedText list;
  for (std::size_t place = 0; place < item.choices.size(); ++place) {
    append(list, {fmt::format("{}{}: ", place > 0 ? "\n" : "", strip(letters.letters[place])), {}});
    append(list, listed_option(letters, item, place));
  }
  return list;
}

MarkedText marked_field(const FieldRoles& roles, const std::string& name, const std::string& value) {
  MarkedText field{value, {}};
  if (name == roles.premise) field.marks.premise = end_of_words(value);
  if (name == roles.question) field.marks.question = end_of_words(value);
  return field;
}

/// Everything that a template may name for this item.
Values values_of(const LettersTemplate& letters, const Item& item) {
  Values values = {{"options", listed_options(letters, item)}};
  for (std::size_t place = 0; place < item.choices.size(); ++place) {
    const MarkedText option = listed_option(letters, item, place);
    values[fmt::format("option{}", place + 1)] = option;
    values[fmt::format("letter{}", place + 1)] = {std::string(strip(letters.letters[place])), {}};
    if (!letters.roles.option.empty()) values[fmt::format("{}{}", letters.roles.option, place + 1)] = option;
  }
  for (const auto& [name, value] : item.fields) values.insert({name, marked_field(letters.roles, name, value)});
  return values;
}

/// The end of the last colon in what stands behind `begin`, in either width.
std::optional<std::size_t> colon_behind(const std::string& text, std::size_t begin) {
  std::optional<std::size_t> end;
  for (const std::string_view colon : {":", "："})
    if (const std::size_t at = text.rfind(colon); at != text.npos && at >= begin)
      end = std::max(end.value_or(0), at + colon.size());
  return end;
}

[[noreturn]] void fail_unknown(const LettersTemplate& letters, const Item& item, const std::string& name,
                               const Values& values) {
  std::vector<std::string> known;
  for (const auto& [each, value] : values) known.push_back(printable(each));
  fail("item \"{}\" ({}) has no field \"{}\", which {} names; it has {}", printable(item.id), item.language,
       printable(name), letters.origin, join(known));
}

LettersTemplate built_in(const Task& task) {
  LettersTemplate letters{{}, std::string(task.letters_prompt), "the built-in template", task.roles};
  for (char letter = 'A'; letter <= 'Z'; ++letter) letters.letters.push_back({' ', letter});
  return letters;
}

/// A key that nobody reads is most often a misspelt one.
void check_keys(const toml::table& table, const std::vector<std::string>& known, std::string_view what,
                const std::filesystem::path& file) {
  for (const auto& [key, value] : table)
    if (std::ranges::find(known, key.str()) == known.end())
      fail("{}: unknown {} \"{}\"; known are {}", place(file, value), what, printable(key.str()), join(known));
}

const toml::table& table_of(const Task& task, const toml::table& tables, const std::filesystem::path& file) {
  check_keys(tables, task_names(), "table", file);
  const toml::table* table = tables[task.name].as_table();
  if (!table) fail("{}: no table [{}]; add one with the keys letters and prompt", file.string(), task.name);
  check_keys(*table, {"letters", "prompt"}, "key", file);
  return *table;
}

std::vector<std::string> read_letters(const toml::table& table, const std::string& where) {
  std::vector<std::string> letters, bare;
  const toml::array* list = table["letters"].as_array();
  if (!list || list->size() < 2) fail("{}: letters must list at least two texts, as in [\"A\", \"B\"]", where);
  for (const toml::node& node : *list) {
    letters.push_back(node.value_or(std::string()));
    bare.emplace_back(strip(letters.back()));
    if (bare.back().empty()) fail("{}: letters has an entry that is empty or no text", where);
    if (std::ranges::count(bare, bare.back()) > 1) fail("{}: letters has \"{}\" twice", where, printable(bare.back()));
  }
  return letters;
}

std::string times_in_words(std::size_t times) {
  return times == 0 ? "never" : times == 1 ? "once" : times == 2 ? "twice" : fmt::format("{} times", times);
}

/// How often a prompt names each option and each letter, by place.
struct Named {
  std::vector<std::size_t> options, letters;

  Named(const LettersTemplate& letters_template, std::size_t count) : options(count), letters(count) {
    const std::string_view own = letters_template.roles.option;
    for (const PromptPiece& piece : pieces_of(letters_template)) {
      if (!piece.is_placeholder) continue;
      const bool all = piece.text == "options";
      for (std::size_t place = 0; place < count; ++place) {
        const auto is = [&](std::string_view name) { return piece.text == fmt::format("{}{}", name, place + 1); };
        options[place] += all || is("option") || (!own.empty() && is(own));
        letters[place] += all || is("letter");
      }
    }
  }
};

/// An option that the prompt never lists, where it lists others, or lists more often than them, is no fair choice.
void demand_alike(const LettersTemplate& letters, const Item& item, std::string_view what,
                  const std::vector<std::size_t>& times) {
  const auto [least, most] = std::ranges::minmax_element(times);
  if (times.empty() || *least == *most) return;
  const auto place = [&](auto found) { return found - times.begin() + 1; };
  fail(
      "item \"{}\" ({}): the prompt of {} lists {} {} {} but {} {} {}; name all of them equally often, by {{options}} "
      "or "
      "{{{}1}}, {{{}2}} …",
      printable(item.id), item.language, letters.origin, what, place(most), times_in_words(*most), what, place(least),
      times_in_words(*least), what, what);
}

/// A prompt that names options in a way unknown to us would list them in another order than is read.
void demand_all_options(const LettersTemplate& letters, const Item& item, const TextMarks& marks) {
  if (marks.options.size() == item.options.size() && std::ranges::count(marks.options, std::size_t{0}) == 0) return;
  fail(
      "item \"{}\" ({}): the prompt of {} does not list every option by name, so they cannot be permuted; use "
      "{{options}} "
      "or {{option1}}, {{option2}} …",
      printable(item.id), item.language, letters.origin);
}

}  // namespace

LettersTemplate letters_template(const Task& task, const std::filesystem::path& file) {
  if (file.empty()) return built_in(task);
  const toml::table tables = parse_toml(read_text_file(file), file.string());
  const toml::table& table = table_of(task, tables, file);
  const std::string where = fmt::format("{}: [{}]", place(file, table), task.name);
  const toml::value<std::string>* prompt = table["prompt"].as_string();
  if (!prompt || prompt->get().empty()) fail("{}: no text \"prompt\"; add one", where);

  LettersTemplate letters{read_letters(table, where), prompt->get(), where, task.roles};
  pieces_of(letters);  // a lone brace is told now, not at the first item
  letters.origin = file.string();
  return letters;
}

MarkedText fill(const LettersTemplate& letters, const Item& item) {
  assert(item.choices.size() == item.options.size());
  if (item.options.size() > letters.letters.size())
    fail("item \"{}\" ({}) has {} options but {} has {} letters; add letters", printable(item.id), item.language,
         item.options.size(), letters.origin, letters.letters.size());
  if (!letters.order.empty() && letters.order.size() != item.options.size())
    fail("item \"{}\" ({}) has {} options, but others have {}; permutations need the same number in all items",
         printable(item.id), item.language, item.options.size(), letters.order.size());
  const Values values = values_of(letters, item);
  MarkedText prompt;
  std::size_t own_words = 0;  // where the template's last own words begin
  for (const PromptPiece& piece : pieces_of(letters)) {
    if (!piece.is_placeholder) {
      prompt.text += piece.text;
      continue;
    }
    const auto value = values.find(std::string(piece.text));
    if (value == values.end()) fail_unknown(letters, item, std::string(piece.text), values);
    append(prompt, value->second);
    own_words = prompt.text.size();
  }
  const Named named(letters, item.options.size());
  demand_alike(letters, item, "option", named.options);
  demand_alike(letters, item, "letter", named.letters);
  if (!letters.order.empty()) demand_all_options(letters, item, prompt.marks);
  prompt.marks.colon = colon_behind(prompt.text, own_words);
  prompt.marks.prompt = prompt.text.size();
  return prompt;
}

const std::string& letter_of(const LettersTemplate& letters, std::size_t option) {
  if (letters.order.empty()) return letters.letters[option];
  return letters.letters[static_cast<std::size_t>(std::ranges::find(letters.order, option) - letters.order.begin())];
}

LettersTemplate with_symbols(LettersTemplate letters, const std::vector<std::string>& symbols) {
  const bool named = std::ranges::any_of(pieces_of(letters), [](const PromptPiece& piece) {
    return piece.is_placeholder && (piece.text == "options" || piece.text.starts_with("letter"));
  });
  if (!named)
    fail(
        "{}: the prompt spells its letters itself, so symbols cannot replace them; write {{options}}, or {{letter1}} …",
        letters.origin);
  const std::string& own = letters.letters.front();
  const std::string space = own.substr(0, own.size() - strip(own).size());  // letters have none behind them
  letters.letters.clear();
  for (const std::string& symbol : symbols) letters.letters.push_back(space + symbol);
  return letters;
}

}  // namespace tertium
