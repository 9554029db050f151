#include "tertium/metrics/metric.h"

namespace tertium {
namespace {

/// Item i is aligned if its two premises are closer than either is to any other item's premise in the other language.
std::vector<Measured> of_corpus(const Cosines& premises) {
  std::vector<Measured> items(premises.n, {.value = 1});
  for (std::size_t i = 0; i < premises.n; ++i) {
    for (std::size_t j = 0; j < premises.n; ++j) {
      if (j == i) continue;
      for (const double other : {premises.at(i, j), premises.at(j, i)}) {
        const Measured pair = strictly_positive(premises.at(i, i) - other);
        if (pair.value == 0) items[i].value = 0;
        items[i].tie |= pair.tie;
      }
    }
  }
  return items;
}

}  // namespace

extern const Metric mexat_metric = {"mexat", "an item's premise finds its translation among all items', both ways",
                                    nullptr, of_corpus};

}  // namespace tertium
