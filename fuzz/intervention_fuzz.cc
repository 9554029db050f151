// Any bytes as a kept repair of a model with two columns and one block.

#include "fuzz/narrow_config.h"
#include "fuzz/support.h"
#include "tertium/experiment/kept_intervention.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  fuzz::read_or_refuse([&] {
    const KeptIntervention kept = read_intervention(fuzz::as_file({data, size}), fuzz::narrow_config());
    fuzz::demand(kept.site.block == 0, "the model has one block");
    fuzz::demand(kept.values.size() == 2 || kept.values.size() == 2 * 2 + 2, "a vector, or a map with its bias");
  });
  return 0;
}
