// Any bytes as a Hugging Face folder: config.json, model.safetensors.index.json and the weights, with bytes of 0 between
// them. Without an index the weights are model.safetensors, with one its first shard.

#include "fuzz/folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  const std::vector<std::string_view> parts = fuzz::parts({data, size}, 3);
  const std::filesystem::path& folder = fuzz::empty_folder();
  fuzz::write(folder / "config.json", parts[0]);
  if (!parts[1].empty()) fuzz::write(folder / "model.safetensors.index.json", parts[1]);
  fuzz::write(folder / (parts[1].empty() ? "model.safetensors" : "a.safetensors"), parts[2]);
  fuzz::use_model(folder);
  return 0;
}
