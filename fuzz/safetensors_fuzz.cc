// Any bytes as a safetensors file.

#include "tertium/formats/safetensors.h"

#include "fuzz/support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  fuzz::read_or_refuse([&] {
    const Safetensors file(fuzz::as_file({data, size}));
    fuzz::use(file.tensors());
    for (const TensorView& tensor : file.tensors())
      fuzz::demand(file.find(tensor.name) == &tensor, "a tensor is found");
  });
  return 0;
}
