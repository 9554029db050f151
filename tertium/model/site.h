#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tertium {

struct Config;

/// A kind of place inside a block (docs/methods.md, section 3). All are of the stream's width but `z`, which each head
/// has for itself. In the order of a block. Names and meanings stand in site.cc.
enum class SiteKind { resid_pre, z, attn_out, resid_mid, mlp_out, resid_post };

/// A place in the model, printed as `resid_post@12`, or `z@12.3` for one head.
struct Site {
  static constexpr int kNoHead = -1;  // not of one head: the whole width
  SiteKind kind;
  int block;
  int head = kNoHead;
  auto operator<=>(const Site&) const = default;
};

struct SiteInfo {
  SiteKind kind;
  std::string_view name;
  std::string_view alias;  // TransformerLens: blocks.<b>.<alias>
  std::string_view meaning;
};

/// Every kind, in the order of a block.
std::span<const SiteInfo> site_kinds();
const SiteInfo& info(SiteKind kind);
std::string to_string(Site site);
/// How many numbers a row has there: the stream's width; at `z` that of all heads, or of the site's one head.
std::size_t site_width(const Config& config, Site site);

inline bool is_per_head(SiteKind kind) { return kind == SiteKind::z; }

/// What a user calls a site: in every block, unless the name says which.
struct SiteName {
  SiteKind kind;
  std::optional<int> block;
  bool operator==(const SiteName&) const = default;
};
/// `resid_post`, `resid_post@12`, or as TransformerLens calls them, `hook_resid_post`, `blocks.12.hook_resid_post`.
/// Throws Error with the nearest known name.
SiteName site_named(std::string_view name);

}  // namespace tertium
