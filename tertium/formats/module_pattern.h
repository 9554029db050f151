#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tertium {

/// A regular expression over names of modules, as adapters' files hold them. Written for Python's `re`; ICU reads what
/// the two have in common alike.
class ModulePattern {
 public:
  /// Throws Error that begins with `origin` if ICU does not read it.
  ModulePattern(std::string_view expression, std::string origin);

  /// Whether the whole name fits (re.fullmatch). Throws Error if that takes too long to tell.
  bool fits(std::string_view name) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
  std::string origin_;
};

/// The first "N" of a name that stands behind another part and before a third, "a.b.N.c"; behind `parent` (an
/// expression), if that is not empty. -1 if there is none.
int block_number(std::string_view name, const std::string& parent, const std::string& origin);

}  // namespace tertium
