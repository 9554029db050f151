// Any bytes as the model.safetensors.index.json of a repository in the Hugging Face cache.

#include <cstdlib>

#include "fuzz/folder.h"
#include "tertium/formats/model_path.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  const std::filesystem::path& cache = fuzz::empty_folder();
  setenv("HF_HUB_CACHE", cache.c_str(), /*overwrite=*/1);
  const std::filesystem::path snapshot = cache / "models--a--b" / "snapshots" / "main";
  std::filesystem::create_directories(snapshot);
  fuzz::write(snapshot / "config.json", R"({"model_type": "llama"})");
  for (const char* shard : {"a", "b.safetensors"}) write_safetensors(snapshot / shard, {});
  fuzz::write(snapshot / "model.safetensors.index.json", {reinterpret_cast<const char*>(data), size});
  fuzz::read_or_refuse([&] { find_model("a/b"); });
  fuzz::read_or_refuse([&] {
    const Checkpoint checkpoint(snapshot);
    for (const FileState& file : checkpoint.files())
      fuzz::demand(file.path.parent_path() == snapshot, "an index stays in its folder");
  });
  return 0;
}
