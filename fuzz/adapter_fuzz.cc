// Any bytes as an adapter of a tiny model: adapter_config.json and adapter_model.safetensors, with a byte of 0 between them.

#include "fuzz/folder.h"
#include "tertium/formats/adapter.h"
#include "tertium/model/model.h"
#include "tests/support/tiny_model.h"

namespace {

using namespace tertium;

/// Made once, beside the folder that every run empties.
const std::filesystem::path& model() {
  static const std::filesystem::path folder = [] {
    const std::filesystem::path made = fuzz::empty_folder().string() + "_model";
    test::write_tiny_model(made, {.blocks = 1, .words = {"a"}});
    return made;
  }();
  return folder;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  model();
  const std::filesystem::path& folder = fuzz::empty_folder();
  const std::vector<std::string_view> parts = fuzz::parts({data, size}, 2);
  fuzz::write(folder / "adapter_config.json", parts[0]);
  fuzz::write(folder / "adapter_model.safetensors", parts[1]);
  fuzz::read_or_refuse([&] {
    const Adapter adapter(folder);
    fuzz::demand(!adapter.modules().empty(), "an adapter changes something");
    for (const auto& [module, change] : adapter.modules())
      fuzz::demand(adapter.config().targets_module(module) && change.a && change.b, "a module is named and whole");
  });
  fuzz::read_or_refuse([&] { Model::load(model(), "f32", folder); });
  return 0;
}
