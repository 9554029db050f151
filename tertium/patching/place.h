#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/patching/patch_spec.h"
#include "tertium/protocols/positions.h"

namespace tertium {

struct Config;

/// The blocks, heads … that a key of the experiment chooses, each of which must be below `count`; all of them without a
/// choice. Throws Error naming the key for one that is not there; `what` is one of them, for that.
std::vector<int> chosen_or_all(const std::optional<std::vector<int>>& chosen, int count, std::string_view key,
                               std::string_view what);

/// Where a patch goes: the rows of a named position, at one site in each of some consecutive blocks.
struct Place {
  std::size_t position;  // index into PatchSpec::positions
  Site site;             // in the first of the blocks
  int window = 1;

  /// The site in each block.
  std::vector<Site> sites() const;
};

/// Every place that is patched, position by position, site by site, block by block, head by head. Throws Error for a
/// block, head or window that the model does not have, and for resid_mid where its blocks are parallel.
std::vector<Place> make_places(const PatchSpec& spec, const Config& config);

/// The rows of a named position in a text; none if it has none.
const std::vector<int>& rows_named(const NamedRows& positions, const std::string& name);

/// For each recipient's row the donor's row that goes into it: the i-th into the i-th. Where a
/// position is of any length (is_of_any_length) and their numbers differ, the one at the same share of the way. Nothing
/// if they do not match, or if there are none.
std::optional<std::vector<int>> matched_rows(const std::string& position, const NamedRows& donor,
                                             const NamedRows& recipient);

}  // namespace tertium
