#include "tertium/model/site.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

/// A whole number that may be a block's; nothing if it is none.
std::optional<int> block_number(std::string_view text) {
  int block = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), block);
  return problem == std::errc() && end == text.data() + text.size() && block >= 0 ? std::optional(block) : std::nullopt;
}

/// "resid_post@12" and "blocks.12.hook_resid_post" into the site's own name and the block; other names as they are.
std::pair<std::string_view, std::optional<int>> split(std::string_view name) {
  constexpr std::string_view kBlocks = "blocks.";
  if (const std::size_t at = name.find('@'); at != std::string_view::npos) {
    if (const auto block = block_number(name.substr(at + 1))) return {name.substr(0, at), block};
  } else if (name.starts_with(kBlocks)) {
    const std::string_view rest = name.substr(kBlocks.size());
    const std::size_t dot = rest.find('.');
    if (const auto block = block_number(rest.substr(0, dot)); block && dot != std::string_view::npos)
      return {rest.substr(dot + 1), block};
  }
  return {name, std::nullopt};
}

}  // namespace

const std::vector<SiteInfo>& site_kinds() {
  static const std::vector<SiteInfo> kinds = {
#define TERTIUM_SITE(name, alias, meaning) {SiteKind::name, #name, alias, meaning},
#include "tertium/model/sites.def"
#undef TERTIUM_SITE
  };
  return kinds;
}

const SiteInfo& info(SiteKind kind) { return site_kinds()[static_cast<std::size_t>(kind)]; }

std::string to_string(Site site) {
  const std::string place = fmt::format("{}@{}", info(site.kind).name, site.block);
  return site.head == Site::kNoHead ? place : fmt::format("{}.{}", place, site.head);
}

std::size_t site_width(const Config& config, Site site) {
  if (!is_per_head(site.kind)) return config.hidden;
  const std::size_t heads = site.head == Site::kNoHead ? config.heads : 1;
  return heads * config.head_dim;
}

SiteName site_named(std::string_view name) {
  const auto [kind, block] = split(name);
  std::vector<std::string> names;
  for (const SiteInfo& site : site_kinds()) {
    if (kind == site.name || kind == site.alias) return {site.kind, block};
    names.emplace_back(site.name);
  }
  const std::string near = nearest(kind, names);
  fail("site \"{}\": {}", printable(name),
       near.empty() ? "tertium knows " + join(names) : "did you mean \"" + near + "\"?");
}

}  // namespace tertium
