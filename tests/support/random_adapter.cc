#include "tests/support/random_adapter.h"

#include <fstream>
#include <random>
#include <set>

#include "tertium/formats/adapter.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/adaptation.h"
#include "tertium/model/checkpoint.h"

namespace tertium::test {

RandomAdapter RandomAdapter::of(const std::filesystem::path& model) {
  RandomAdapter adapter;
  const Checkpoint checkpoint(model);
  for (const AdaptableMatrix& matrix : adaptable_matrices(checkpoint))
    adapter.modules.push_back({matrix.module, matrix.out, matrix.in});
  if (checkpoint.family().hf_transposed) adapter.config["fan_in_fan_out"] = true;
  return adapter;
}

void RandomAdapter::write(const std::filesystem::path& folder) const {
  std::filesystem::create_directories(folder);
  std::mt19937_64 bits(seed);
  std::normal_distribution<float> normal(0, 0.1f);
  std::vector<std::vector<float>> memory;
  std::vector<TensorView> tensors;
  memory.reserve(2 * modules.size());
  const auto add = [&](const std::string& name, std::int64_t rows, std::int64_t columns) {
    std::vector<float>& values = memory.emplace_back(rows * columns);
    for (float& value : values) value = normal(bits);
    tensors.push_back({name, DType::F32, {rows, columns}, std::as_bytes(std::span(values))});
  };
  std::set<std::string> targets;
  for (const auto& [name, out, in, rank] : modules) {
    add(factor_name(name, 'A'), rank, in);
    add(factor_name(name, 'B'), out, rank);
    targets.insert(name.substr(name.rfind('.') + 1));
  }
  write_safetensors(folder / "adapter_model.safetensors", tensors);
  nlohmann::json all = {{"peft_type", "LORA"}, {"r", 4}, {"lora_alpha", 8}, {"target_modules", targets}};
  all.update(config);
  std::ofstream(folder / "adapter_config.json") << all.dump();
}

}  // namespace tertium::test
