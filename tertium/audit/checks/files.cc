// What cannot be read, and what other readers than tertium's may trip over.

#include <array>
#include <set>

#include "tertium/audit/check.h"
#include "tertium/base/error.h"
#include "tertium/base/file.h"

namespace tertium {
namespace {

struct RawFacts {
  bool has_mark = false;  // begins with a byte order mark
  std::size_t lines = 0, crlf = 0;
};

RawFacts raw_facts(const std::filesystem::path& path) {
  RawFacts facts;
  InputFile file(path);
  std::array<char, std::size_t{1} << 16> buffer;
  std::string first;
  char before = 0;
  for (std::span<char> piece = file.read(buffer); !piece.empty(); piece = file.read(buffer)) {
    for (const char byte : piece) {
      if (first.size() < 3) first += byte;
      facts.lines += byte == '\n';
      facts.crlf += byte == '\n' && before == '\r';
      before = byte;
    }
  }
  facts.has_mark = first == "\xEF\xBB\xBF";
  return facts;
}

void add_problems(const std::string& language, const ReadFile& file, std::vector<Finding>& findings) {
  if (file.problems.empty()) return;
  const std::size_t count = file.problems.size();
  std::string message = file.problems.front();
  if (count > 1)
    message = fmt::format("{} lines are no items and were passed over; a run ends at the first: {}", count, message);
  findings.push_back({.language = language, .severity = Severity::error, .count = count, .of = 0, .message = message});
}

void add_raw(const std::string& language, const ReadFile& file, std::vector<Finding>& findings) {
  if (file.path.empty()) return;
  try {
    const RawFacts facts = raw_facts(file.path);
    const auto note = [&](std::size_t count, const std::string& what) {
      findings.push_back({.language = language,
                          .severity = Severity::note,
                          .count = count,
                          .of = facts.lines,
                          .message = fmt::format("{} {}", file.path.string(), what)});
    };
    if (facts.has_mark)
      note(1, "begins with a byte order mark, which tertium passes over but other readers take for text.");
    if (facts.crlf > 0)
      note(facts.crlf, fmt::format("ends {} of its {} lines in CR LF; tertium passes over the CR, but other readers "
                                   "may take it for text.",
                                   facts.crlf, facts.lines));
  } catch (const Error&) {
    // It is among the problems already.
  }
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  for (const LanguageTexts& language : texts.languages) {
    add_problems(language.language, language.file, findings);
    add_raw(language.language, language.file, findings);
    if (language.pool.path == language.file.path) continue;
    add_problems(language.language, language.pool, findings);
    add_raw(language.language, language.pool, findings);
  }
  if (!texts.problem.empty()) findings.push_back({.severity = Severity::error, .count = 1, .message = texts.problem});
  return findings;
}

}  // namespace

extern const Check files_check = {
    .name = "files",
    .texts = find,
    .plain = find,
};

}  // namespace tertium
