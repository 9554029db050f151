#include "tertium/patching/place.h"

#include <cmath>
#include <numeric>

#include "tertium/base/error.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

/// The blocks at which a site's patches begin.
std::vector<int> first_blocks(const PatchSpec& spec, const SiteName& site, const Config& config) {
  if (site.block && *site.block >= config.block_count())
    fail("patch.sites: {} is not there; the model's blocks are 0 to {}", to_string({site.kind, *site.block}),
         config.block_count() - 1);
  std::vector<int> blocks =
      site.block ? std::vector{*site.block} : chosen_or_all(spec.blocks, config.block_count(), "patch.blocks", "block");
  std::erase_if(blocks, [&](int block) { return block + spec.window > config.block_count(); });
  if (blocks.empty())
    fail("patch.window: {} blocks from {} on are more than the model has; make it smaller", spec.window,
         site.block ? "block " + std::to_string(*site.block) : "those of patch.blocks");
  return blocks;
}

}  // namespace

std::vector<int> chosen_or_all(const std::optional<std::vector<int>>& chosen, int count, std::string_view key,
                               std::string_view what) {
  if (!chosen) {
    std::vector<int> all(count);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  for (const int one : *chosen)
    if (one >= count) fail("{}: {} {} is not there; the model has 0 to {}", key, what, one, count - 1);
  return *chosen;
}

std::vector<Site> Place::sites() const {
  std::vector<Site> all;
  for (int b = 0; b < window; ++b) all.push_back({site.kind, site.block + b, site.head});
  return all;
}

std::vector<Place> make_places(const PatchSpec& spec, const Config& config) {
  std::vector<Place> places;
  for (std::size_t position = 0; position < spec.positions.size(); ++position) {
    for (const SiteName& site : spec.sites) {
      if (!has_site(config, site.kind))
        fail("patch.sites: there is no {} in {}, whose attention and MLP read the same stream; name resid_pre",
             info(site.kind).name, config.family);
      const std::vector<int> heads = is_per_head(site.kind)
                                         ? chosen_or_all(spec.heads, site_heads(config, site.kind), "patch.heads",
                                                         fmt::format("{}'s head", info(site.kind).name))
                                         : std::vector{Site::kNoHead};
      for (const int block : first_blocks(spec, site, config))
        for (const int head : heads) places.push_back({position, {site.kind, block, head}, spec.window});
    }
  }
  return places;
}

const std::vector<int>& rows_named(const NamedRows& positions, const std::string& name) {
  static const std::vector<int> none;
  const auto found = positions.find(name);
  return found == positions.end() ? none : found->second;
}

std::optional<std::vector<int>> matched_rows(const std::string& position, const NamedRows& donor,
                                             const NamedRows& recipient) {
  const std::vector<int>&from = rows_named(donor, position), &into = rows_named(recipient, position);
  if (from.empty() || into.empty()) return std::nullopt;
  if (from.size() == into.size()) return from;
  if (!is_of_any_length(position)) return std::nullopt;
  std::vector<int> rows;
  for (std::size_t i = 0; i < into.size(); ++i) {
    const double share = into.size() == 1 ? 1 : static_cast<double>(i) / static_cast<double>(into.size() - 1);
    rows.push_back(from[std::lround(share * static_cast<double>(from.size() - 1))]);
  }
  return rows;
}

}  // namespace tertium
