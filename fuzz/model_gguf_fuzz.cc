// Any bytes as a whole model in a GGUF file.

#include "fuzz/folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  const std::filesystem::path file = fuzz::empty_folder() / "model.gguf";
  fuzz::write(file, {reinterpret_cast<const char*>(data), size});
  fuzz::use_model(file);
  return 0;
}
