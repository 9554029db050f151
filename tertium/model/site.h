#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// A kind of place inside a block (docs/methods.md, section 3). All are of the stream's width.
enum class SiteKind {
#define TERTIUM_SITE(name, alias, meaning) name,
#include "tertium/model/sites.def"
#undef TERTIUM_SITE
};

/// A place in the model, printed as `resid_post@12`.
struct Site {
  SiteKind kind;
  int block;
  auto operator<=>(const Site&) const = default;
};

struct SiteInfo {
  SiteKind kind;
  std::string_view name;
  std::string_view alias;  // TransformerLens: blocks.<b>.<alias>
  std::string_view meaning;
};

/// Every kind, in the order of a block.
const std::vector<SiteInfo>& site_kinds();
const SiteInfo& info(SiteKind kind);
std::string to_string(Site site);
/// By its name; nothing if there is none.
std::optional<SiteKind> site_kind_named(std::string_view name);

}  // namespace tertium
