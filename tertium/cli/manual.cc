// The manual and what shells complete, made from the commands themselves, so that neither can miss an option.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/version.h"

namespace tertium {
namespace {

using Commands = std::vector<const CLI::App*>;
using ListedOptions = std::vector<const CLI::Option*>;

Commands commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// A command's options, in the order of its help; --help, which each has, is left out.
ListedOptions options_of(const CLI::App& command) {
  ListedOptions options;
  for (const CLI::Option* option : command.get_options())
    if (option != command.get_help_ptr()) options.push_back(option);
  return options;
}

/// "--out", "-o", or of what has no dashes its name.
std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  if (names.empty()) names.push_back(option.get_name(/*positional=*/true));
  return names;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

/// "--out DIR (needed)"
std::string usage(const CLI::Option& option) {
  std::string text = join(spellings(option));
  if (takes_value(option) && !option.get_positional() && !option.get_type_name().empty())
    text += " " + option.get_type_name().substr(0, option.get_type_name().find(':'));  // less the range that it checks
  return text;
}

/// What stands behind an option's description: that it is needed, or its default.
std::string remark(const CLI::Option& option) {
  if (option.get_required()) return " (needed)";
  return option.get_default_str().empty() ? "" : fmt::format(" (default {})", option.get_default_str());
}

/// The example of a command, from below its help.
std::string example(const CLI::App& command) {
  const std::string footer = command.get_footer();
  return std::string(strip(footer.substr(footer.find('\n') + 1)));
}

/// Characters that Markdown would read in a table are escaped.
std::string in_table(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

void print_markdown(const CLI::App& app) {
  fmt::print(
      "# The command line\n\n`tertium manual md` prints this page, `man` the same for man(1), and `bash`, `zsh` or "
      "`fish` what completes it in a shell:\n\n    source <(tertium manual bash)\n\nEvery command ends with status 0 "
      "where all was done, 1 where something was not, 2 where the command line cannot\nbe understood. Progress goes to "
      "standard error, and only where that is a terminal does a line rewrite itself. No colours are printed.\n");
  for (const CLI::App* command : commands_of(app)) {
    fmt::print("\n## tertium {}\n\n{}.\n\n    {}\n", command->get_name(), command->get_description(),
               example(*command));
    if (options_of(*command).empty()) continue;
    fmt::print("\n| option | meaning |\n| --- | --- |\n");
    for (const CLI::Option* option : options_of(*command))
      fmt::print("| `{}` | {}{} |\n", in_table(usage(*option)), in_table(option->get_description()),
                 in_table(remark(*option)));
  }
}

/// Text for troff: backslashes, and dots and quotes at the beginning of a line, mean something to it.
std::string roff(std::string_view text) {
  std::string safe;
  for (const char c : text) safe += c == '\\' ? "\\\\" : c == '-' ? "\\-" : std::string(1, c);
  return safe.starts_with('.') || safe.starts_with('\'') ? "\\&" + safe : safe;
}

void print_man(const CLI::App& app) {
  fmt::print(".TH TERTIUM 1 \"\" \"tertium {}\"\n.SH NAME\ntertium \\- {}\n", TERTIUM_VERSION,
             roff(app.get_description()));
  fmt::print(".SH SYNOPSIS\n.B tertium\n.I command\n[options]\n");
  for (const CLI::App* command : commands_of(app)) {
    fmt::print(".SH \"TERTIUM {}\"\n{}.\n.PP\nExample:\n.B {}\n", command->get_name(), roff(command->get_description()),
               roff(example(*command)));
    for (const CLI::Option* option : options_of(*command))
      fmt::print(".TP\n.B {}\n{}{}\n", roff(usage(*option)), roff(option->get_description()), roff(remark(*option)));
  }
  fmt::print(
      ".SH EXIT STATUS\n0 where all was done, 1 where something was not, 2 where the command line cannot be "
      "understood.\n");
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  return names;
}

/// "--out --force", without what has no dashes.
std::string flags_of(const CLI::App& command) {
  std::vector<std::string> flags = {"--help"};
  for (const CLI::Option* option : options_of(command))
    if (!option->get_positional())
      for (const std::string& name : spellings(*option)) flags.push_back(name);
  return join(flags, " ");
}

void print_bash(const CLI::App& app) {
  fmt::print(
      "_tertium() {{\n  local word=${{COMP_WORDS[COMP_CWORD]}} words=\n  if ((COMP_CWORD == 1)); then words='{}'\n"
      "  else\n    case ${{COMP_WORDS[1]}} in\n",
      join(names_of_commands(app), " "));
  for (const CLI::App* command : commands_of(app))
    fmt::print("      {}) words='{}' ;;\n", command->get_name(), flags_of(*command));
  fmt::print(
      "    esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}}\n"
      "complete -o default -F _tertium tertium\n");
}

/// A description within single quotes of a shell.
std::string single_quoted(std::string_view text) {
  std::string safe;
  for (const char c : text) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return safe;
}

/// The same in zsh's specifications, where brackets and colons mean something.
std::string in_specification(std::string_view text) {
  std::string safe;
  for (const char c : text) safe += c == '[' || c == ']' || c == ':' ? std::string("\\") + c : std::string(1, c);
  return single_quoted(safe);
}

void print_zsh(const CLI::App& app) {
  fmt::print("#compdef tertium\n_tertium() {{\n  local -a commands=(\n");
  for (const CLI::App* command : commands_of(app))
    fmt::print("    '{}:{}'\n", command->get_name(), in_specification(command->get_description()));
  fmt::print("  )\n  if ((CURRENT == 2)); then _describe command commands; return; fi\n  case $words[2] in\n");
  for (const CLI::App* command : commands_of(app)) {
    fmt::print("    {}) _arguments '*:file:_files'", command->get_name());
    for (const CLI::Option* option : options_of(*command))
      for (const std::string& name : spellings(*option))
        if (!option->get_positional())
          fmt::print(" '{}[{}]{}'", name, in_specification(option->get_description()),
                     takes_value(*option) ? ":value:_files" : "");
    fmt::print(" ;;\n");
  }
  fmt::print("  esac\n}}\ncompdef _tertium tertium\n");
}

void print_fish(const CLI::App& app) {
  const std::string names = join(names_of_commands(app), " ");
  for (const CLI::App* command : commands_of(app)) {
    fmt::print("complete -c tertium -n 'not __fish_seen_subcommand_from {}' -f -a {} -d '{}'\n", names,
               command->get_name(), single_quoted(command->get_description()));
    for (const CLI::Option* option : options_of(*command)) {
      if (option->get_positional()) continue;
      fmt::print("complete -c tertium -n '__fish_seen_subcommand_from {}'", command->get_name());
      for (const std::string& name : option->get_lnames()) fmt::print(" -l {}", name);
      for (const std::string& name : option->get_snames()) fmt::print(" -s {}", name);
      fmt::print("{} -d '{}'\n", takes_value(*option) ? " -r" : "", single_quoted(option->get_description()));
    }
  }
}

struct Form {
  const char* name;
  void (*print)(const CLI::App& app);
};
constexpr Form kForms[] = {
    {"md", print_markdown}, {"man", print_man}, {"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

}  // namespace

void add_manual(CLI::App& app) {
  CLI::App& command = add_command(app, "manual", "Print the manual of all commands, or what completes them in a shell",
                                  "tertium manual man > tertium.1");
  const auto form = std::make_shared<std::string>();
  std::vector<std::string> names;
  for (const Form& one : kForms) names.emplace_back(one.name);
  command.add_option("form", *form, "md, man, bash, zsh or fish")->required()->check(CLI::IsMember(names));
  command.callback([form, &app] {
    for (const Form& one : kForms)
      if (*form == one.name) one.print(app);
  });
}

}  // namespace tertium
