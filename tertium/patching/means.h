#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tertium/patching/activations.h"
#include "tertium/patching/place.h"

namespace tertium {

/// Means of activations over some items of a language. Sums are kept, so that one item can be left out of them, and
/// those of several parts of the items can be added.
class Means {
 public:
  /// One item's clean run.
  struct One {
    const Activations& activations;
    const NamedRows& positions;
  };

  /// Adds what the item has at every site of some places; `names` are of the positions that places refer to.
  void add(One item, std::span<const Place> places, std::span<const std::string> names);
  void add(const Means& others);

  /// The mean of row i of a position's n rows over the items that have n rows there; of one of any length, the mean
  /// over the items of the mean over their rows. Without the item `left_out`, which is one of them, if it is given.
  /// Empty if no item is left.
  std::vector<float> at(Site site, const std::string& position, std::size_t i, std::size_t n,
                        const One* left_out = nullptr) const;

  // As bytes of this machine, for a scratch file.
  std::string bytes() const;
  /// Throws std::logic_error for what bytes() did not give.
  static Means from_bytes(std::string_view bytes);

 private:
  struct Sum {
    std::vector<double> total;
    std::uint64_t count = 0;
  };
  using Key = std::tuple<Site, std::string, std::size_t, std::size_t>;

  /// What one item adds to a sum; empty if nothing.
  static std::vector<double> share(One item, const Key& key);

  std::map<Key, Sum> sums_;
};

}  // namespace tertium
