// Any bytes as a tuned lens of a model with two columns and one block.

#include "tertium/model/tuned_lens.h"

#include <ATen/ATen.h>

#include "fuzz/narrow_config.h"
#include "fuzz/support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  fuzz::read_or_refuse([&] {
    const TunedLens lens(fuzz::as_file({data, size}), fuzz::narrow_config());
    const at::Tensor states = at::ones({3, 2});
    fuzz::demand(lens.translated(1, states).equal(states), "the last index stays");
    fuzz::demand(lens.translated(0, states).size(1) == 2, "a translation is as wide as the stream");
  });
  return 0;
}
