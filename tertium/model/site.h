#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tertium {

struct Config;

/// A kind of place inside a block (docs/methods.md, section 3), in the order of a block. Names and meanings stand in
/// site.cc.
enum class SiteKind { resid_pre, q, k, v, z, attn_out, resid_mid, mlp_out, resid_post };

/// Of what a row there consists: the stream's width, or what each head has for itself.
enum class SiteWidth { stream, query_heads, key_heads };

/// A place in the model, printed as `resid_post@12`, or `z@12.3` for one head. The heads of k and v are those that keys
/// have.
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
  SiteWidth width;
  std::string_view meaning;
};

/// Every kind, in the order of a block.
std::span<const SiteInfo> site_kinds();
const SiteInfo& info(SiteKind kind);
std::string to_string(Site site);
/// Whether this model's blocks have it: parallel ones have no resid_mid.
bool has_site(const Config& config, SiteKind kind);
/// How many heads a row has there, each [head_dim]; 0 at sites of the stream's width.
int site_heads(const Config& config, SiteKind kind);
/// How many numbers a row has there: the stream's width; or that of all heads, or of the site's one head.
std::size_t site_width(const Config& config, Site site);

inline bool is_per_head(SiteKind kind) { return info(kind).width != SiteWidth::stream; }

/// One name for each place: the stream between two blocks belongs to the later one, so that resid_post@b is
/// resid_pre@(b + 1), also behind the last block. All other sites are their own.
Site canonical(Site site);

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
