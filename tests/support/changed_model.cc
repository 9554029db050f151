#include "tests/support/changed_model.h"

#include <fstream>
#include <map>
#include <span>

#include "tertium/formats/safetensors.h"
#include "tests/support/files.h"

namespace tertium::test {

Changed::Changed(const char* family) : from_(source_folder() / "tests/fixtures/golden" / family) {}

Changed& Changed::tensors(const std::string& part, Change change) {
  changes_.emplace_back(part, std::move(change));
  return *this;
}

Changed& Changed::times(const std::string& part, float factor) {
  return tensors(part, [factor](std::vector<float>& values) {
    for (float& value : values) value *= factor;
  });
}

Changed& Changed::key(const std::string& name, nlohmann::json value) {
  keys_[name] = std::move(value);
  return *this;
}

Engine Changed::load(const char* dtype) const {
  const TempFolder folder;
  const Safetensors file(from_ / "model.safetensors");
  std::map<std::string, std::vector<float>> values;
  std::vector<TensorView> tensors = file.tensors();
  for (TensorView& tensor : tensors) {
    std::vector<float>& own = values[tensor.name];
    own.resize(tensor.count());
    to_f32(tensor, own);
    for (const auto& [part, change] : changes_)
      if (tensor.name.find(part) != std::string::npos) change(own);
    tensor.bytes = std::as_bytes(std::span(own));
  }
  write_safetensors(folder.path() / "model.safetensors", tensors);
  nlohmann::json config = nlohmann::json::parse(std::ifstream(from_ / "config.json"));
  config.update(keys_);
  folder.write("config.json", config.dump());
  return Engine(Model::load(folder.path(), dtype));
}

}  // namespace tertium::test
