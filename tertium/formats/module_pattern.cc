#include "tertium/formats/module_pattern.h"

#include <unicode/regex.h>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

// An expression is untrusted: it may need time and memory beyond all bounds.
constexpr int kMostSteps = 200;           // of some 10,000 each
constexpr int kStackBytes = 1 << 20;      // of backtracking
constexpr std::size_t kLongest = 10'000;  // characters of an expression

icu::UnicodeString wide(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

/// A search that is limited. `text` must outlive it.
std::unique_ptr<icu::RegexMatcher> matcher(const icu::RegexPattern& pattern, const icu::UnicodeString& text) {
  UErrorCode problem = U_ZERO_ERROR;
  std::unique_ptr<icu::RegexMatcher> found(pattern.matcher(text, problem));
  if (found) found->setTimeLimit(kMostSteps, problem);
  if (found) found->setStackLimit(kStackBytes, problem);
  if (U_FAILURE(problem)) throw std::bad_alloc();
  return found;
}

}  // namespace

struct ModulePattern::Compiled {
  std::unique_ptr<icu::RegexPattern> pattern;
};

ModulePattern::ModulePattern(std::string_view expression, std::string origin) : origin_(std::move(origin)) {
  if (expression.size() > kLongest) fail("{}: the regular expression is too long", origin_);
  UErrorCode problem = U_ZERO_ERROR;
  UParseError where;
  auto compiled = std::make_shared<Compiled>();
  compiled->pattern.reset(icu::RegexPattern::compile(wide(expression), where, problem));
  if (U_FAILURE(problem) || !compiled->pattern)
    fail("{}: \"{}\" is no regular expression that tertium reads ({}); name the modules in a list", origin_,
         printable(expression), u_errorName(problem));
  compiled_ = std::move(compiled);
}

bool ModulePattern::fits(std::string_view name) const {
  const icu::UnicodeString text = wide(name);
  UErrorCode problem = U_ZERO_ERROR;
  const bool fits = matcher(*compiled_->pattern, text)->matches(problem);
  if (U_FAILURE(problem))
    fail("{}: the regular expression takes too long on \"{}\"; name the modules in a list", origin_, printable(name));
  return fits;
}

int block_number(std::string_view name, const std::string& parent, const std::string& origin) {
  // Without a parent, PEFT wants a part before the number's own.
  const std::string before = parent.empty() ? ".*?\\.[^.]*" : "(?:^|.*?\\.)(?:" + parent + ")";
  UErrorCode problem = U_ZERO_ERROR;
  UParseError where;
  const std::unique_ptr<icu::RegexPattern> pattern(
      icu::RegexPattern::compile(wide(before + "\\.(?<idx>[0-9]{1,6})\\."), where, problem));
  if (U_FAILURE(problem) || !pattern)
    fail("{}: \"{}\" is no regular expression that tertium reads ({})", origin, printable(parent), u_errorName(problem));
  const icu::UnicodeString text = wide(name);
  const std::unique_ptr<icu::RegexMatcher> search = matcher(*pattern, text);
  const bool found = search->lookingAt(problem);
  if (U_FAILURE(problem)) fail("{}: the regular expression takes too long on \"{}\"", origin, printable(name));
  if (!found) return -1;
  const int group = pattern->groupNumberFromName("idx", -1, problem);
  std::string digits;
  search->group(group, problem).toUTF8String(digits);
  if (U_FAILURE(problem)) return -1;
  return std::stoi(digits);
}

}  // namespace tertium
