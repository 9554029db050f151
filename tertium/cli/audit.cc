#include "tertium/audit/audit.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/experiment/experiment.h"

namespace tertium {
namespace {

struct AuditOptions {
  std::string experiment;
  std::vector<std::string> settings;
  bool json = false;
  bool strict = false;
};

constexpr std::size_t kColumns = 80;
constexpr std::size_t kMostIds = 12;
constexpr std::size_t kMostOfIds = 130;  // columns

/// Prints words behind a lead, further lines below the first word.
void print_wrapped(const std::string& lead, const std::string& text) {
  std::string line = lead;
  const std::string indent(code_points(lead), ' ');
  bool is_first = true;
  std::string_view rest = text;
  while (!(rest = strip(rest)).empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    if (!is_first && code_points(line) + 1 + code_points(word) > kColumns) {
      fmt::print("{}\n", line);
      line = indent;
      is_first = true;
    }
    if (!is_first) line += ' ';
    line += word;
    is_first = false;
  }
  fmt::print("{}\n", line);
}

std::string some_of(const std::vector<std::string>& ids) {
  std::string shown;
  std::size_t count = 0;
  for (; count < std::min(ids.size(), kMostIds) && code_points(shown) < kMostOfIds; ++count)
    shown += (count > 0 ? ", " : "") + printable(ids[count]);
  return fmt::format("Items: {}{}", shown, count < ids.size() ? fmt::format(" and {} more", ids.size() - count) : "");
}

void print_finding(const Finding& finding) {
  print_wrapped(fmt::format("    {:<9}", to_string(finding.severity)),
                fmt::format("{}: {}", finding.check, finding.message));
  if (!finding.items.empty()) print_wrapped(std::string(13, ' '), some_of(finding.items));
}

void print_text(const Audit& audit) {
  fmt::print("Found {}.\n", counted(audit));
  for (const std::string& what : audit.left_out) print_wrapped("Left out: ", what);
  const Finding* before = nullptr;
  for (const Finding& finding : audit.findings) {
    const bool new_task = !before || before->task != finding.task;
    if (new_task) fmt::print("\n── {} ──\n", finding.task);
    if (new_task || before->language != finding.language)
      fmt::print("  {}\n", finding.language.empty() ? "all languages" : printable(finding.language));
    print_finding(finding);
    before = &finding;
  }
}

void print_json(const Audit& audit) {
  nlohmann::ordered_json json = {{"errors", audit.count(Severity::error)},
                                 {"warnings", audit.count(Severity::warning)},
                                 {"notes", audit.count(Severity::note)},
                                 {"left_out", audit.left_out},
                                 {"findings", nlohmann::ordered_json::array()}};
  for (const Finding& finding : audit.findings)
    json["findings"].push_back({{"task", finding.task},
                                {"language", finding.language},
                                {"check", finding.check},
                                {"severity", to_string(finding.severity)},
                                {"count", finding.count},
                                {"of", finding.of},
                                {"message", finding.message},
                                {"items", finding.items}});
  fmt::print("{}\n", json.dump());
}

void audit_experiment(const AuditOptions& options) {
  const Audit found = audit(read_experiment(options.experiment, options.settings));
  options.json ? print_json(found) : print_text(found);
  std::fflush(stdout);
  if (options.strict && found.count(Severity::error) + found.count(Severity::warning) > 0) throw Exit{1};
}

}  // namespace

void add_audit(CLI::App& app) {
  CLI::App& command =
      add_command(app, "audit", "Look for what ruins an experiment in its files, before anything is computed",
                  "tertium audit examples/demo.toml --strict");
  const auto options = std::make_shared<AuditOptions>();
  command.add_option("experiment", options->experiment, "The experiment file (TOML; docs/experiment.md)")->required();
  command
      .add_option("--set", options->settings,
                  "Replace a key of the experiment: key=value, for example task.limit=20; may be repeated")
      ->allow_extra_args(false);
  command.add_flag("--json", options->json, "One JSON object");
  command.add_flag("--strict", options->strict, "Exit with 1 if there is any error or warning");
  command.callback([options] { audit_experiment(*options); });
}

}  // namespace tertium
