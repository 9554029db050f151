#include "tertium/cluster/shares.h"

#include "tertium/base/hash.h"

namespace tertium {

std::size_t HashShares::first_of(std::size_t count) const {
  return count * static_cast<std::size_t>(index_) / static_cast<std::size_t>(count_);
}

bool HashShares::take(const std::string& unit, Needed needed) {
  // Files that are there are not made again, so whoever comes first makes them.
  return needed == Needed::as_files ||
         stable_hash(0, {unit}) % static_cast<std::uint64_t>(count_) == static_cast<std::uint64_t>(index_);
}

}  // namespace tertium
