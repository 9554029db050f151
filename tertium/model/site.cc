#include "tertium/model/site.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

#include "tertium/base/error.h"
#include "tertium/base/names.h"
#include "tertium/base/text.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

constexpr SiteInfo kSites[] = {
    {SiteKind::resid_pre, "resid_pre", "hook_resid_pre", SiteWidth::stream, "the stream as it enters the block"},
    {SiteKind::q, "q", "attn.hook_q", SiteWidth::query_heads, "each head's query, before it is rotated"},
    {SiteKind::k, "k", "attn.hook_k", SiteWidth::key_heads, "each key head's key, before it is rotated"},
    {SiteKind::v, "v", "attn.hook_v", SiteWidth::key_heads, "each key head's value"},
    {SiteKind::z, "z", "attn.hook_z", SiteWidth::query_heads, "what each head gathers, before the output projection"},
    {SiteKind::attn_out, "attn_out", "hook_attn_out", SiteWidth::stream, "what attention adds to the stream"},
    {SiteKind::resid_mid, "resid_mid", "hook_resid_mid", SiteWidth::stream,
     "the stream between attention and MLP (none in parallel blocks)"},
    {SiteKind::mlp_out, "mlp_out", "hook_mlp_out", SiteWidth::stream, "what the MLP adds to the stream"},
    {SiteKind::resid_post, "resid_post", "hook_resid_post", SiteWidth::stream, "the stream as it leaves the block"},
};

/// Every kind of the enumeration, in its order.
constexpr bool is_whole() {
  for (std::size_t i = 0; i < std::size(kSites); ++i)
    if (kSites[i].kind != static_cast<SiteKind>(i)) return false;
  return kSites[std::size(kSites) - 1].kind == SiteKind::resid_post;
}
static_assert(is_whole(), "a kind of site lacks its line above, or stands elsewhere in the enumeration");

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

std::span<const SiteInfo> site_kinds() { return kSites; }

const SiteInfo& info(SiteKind kind) { return kSites[static_cast<std::size_t>(kind)]; }

std::string to_string(Site site) {
  const std::string place = fmt::format("{}@{}", info(site.kind).name, site.block);
  return site.head == Site::kNoHead ? place : fmt::format("{}.{}", place, site.head);
}

bool has_site(const Config& config, SiteKind kind) { return kind != SiteKind::resid_mid || !config.parallel; }

int site_heads(const Config& config, SiteKind kind) {
  switch (info(kind).width) {
    case SiteWidth::query_heads:
      return config.heads;
    case SiteWidth::key_heads:
      return config.kv_heads;
    default:
      return 0;
  }
}

std::size_t site_width(const Config& config, Site site) {
  if (!is_per_head(site.kind)) return config.hidden;
  const std::size_t heads = site.head == Site::kNoHead ? site_heads(config, site.kind) : 1;
  return heads * config.head_dim;
}

Site canonical(Site site) {
  return site.kind == SiteKind::resid_post ? Site{SiteKind::resid_pre, site.block + 1} : site;
}

SiteName site_named(std::string_view name) {
  const auto [kind, block] = split(name);
  for (const SiteInfo& site : site_kinds())
    if (kind == site.name || kind == site.alias) return {site.kind, block};
  const std::vector<std::string> names = names_of(site_kinds());
  const std::string near = nearest(kind, names);
  fail("site \"{}\": {}", printable(name),
       near.empty() ? "tertium knows " + join(names) : "did you mean \"" + near + "\"?");
}

}  // namespace tertium
