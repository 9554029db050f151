#include "tertium/model/site.h"

#include <fmt/format.h>

namespace tertium {

const std::vector<SiteInfo>& site_kinds() {
  static const std::vector<SiteInfo> kinds = {
#define TERTIUM_SITE(name, alias, meaning) {SiteKind::name, #name, alias, meaning},
#include "tertium/model/sites.def"
#undef TERTIUM_SITE
  };
  return kinds;
}

const SiteInfo& info(SiteKind kind) { return site_kinds()[static_cast<std::size_t>(kind)]; }

std::string to_string(Site site) { return fmt::format("{}@{}", info(site.kind).name, site.block); }

std::optional<SiteKind> site_kind_named(std::string_view name) {
  for (const SiteInfo& site : site_kinds())
    if (site.name == name) return site.kind;
  return std::nullopt;
}

}  // namespace tertium
