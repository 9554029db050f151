#include "tertium/metrics/metric.h"

namespace tertium {
namespace {

/// Item i is aligned if its two premises are closer than either is to any other item's premise in the other language.
void of_pair(double own, double other, Measured& item) {
  const Measured pair = strictly_positive(own - other);
  if (pair.value == 0) item.value = 0;
  item.tie |= pair.tie;
}

}  // namespace

extern const Metric mexat_metric = {"mexat", "an item's premise finds its translation among all items', both ways",
                                    nullptr, of_pair};

}  // namespace tertium
