#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tertium/patching/activations.h"
#include "tertium/patching/place.h"

namespace tertium {

/// One language's clean runs as patches read them.
struct CleanRuns {
  std::vector<const Activations*> activations;  // [items]
  std::vector<const NamedRows*> positions;      // [items]
};

/// Means of activations over some items of a language. Sums are kept, so that each is taken once.
class Means {
 public:
  Means(const CleanRuns& runs, std::vector<std::size_t> items) : runs_(runs), items_(std::move(items)) {}

  /// The mean of row i of a position's n rows over the items that have n rows there, but for item `without`; of
  /// position `all`, the mean over the items of the mean over their rows. Empty if no item is left.
  std::vector<float> at(Site site, const std::string& position, std::size_t i, std::size_t n, std::size_t without);

 private:
  struct Sum {
    std::vector<double> total;
    std::size_t count = 0;
  };
  using Key = std::tuple<Site, std::string, std::size_t, std::size_t>;

  /// What one item adds to a sum; empty if nothing.
  std::vector<double> share(std::size_t item, const Key& key) const;
  const Sum& sum(const Key& key);

  const CleanRuns& runs_;
  std::vector<std::size_t> items_;
  std::map<Key, Sum> sums_;
};

}  // namespace tertium
