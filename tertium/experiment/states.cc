#include "tertium/experiment/states.h"

#include <span>

#include "tertium/base/error.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"

namespace tertium {

SequenceStates states_of(const Engine& engine, const std::string& name, const std::vector<std::int32_t>& ids,
                         bool with_logits) {
  const int rows = static_cast<int>(ids.size());
  if (ids.empty()) fail("{}: has no tokens; give a longer text", name);

  Job job{.name = name, .strands = {{.tokens = ids}}};
  for (const Quantity quantity : {Quantity::resid, Quantity::attn_out, Quantity::mlp_out, Quantity::final_norm})
    job.recordings.push_back({0, 0, rows, quantity});
  for (int row = 0; with_logits && row < rows; ++row) job.readings.push_back({0, row, Readout::logits, {}});
  JobResult result = engine.run(job);
  std::vector<std::vector<float>>& recorded = result.recordings;
  SequenceStates states{.ids = ids,
                        .resid = std::move(recorded[0]),
                        .attn_out = std::move(recorded[1]),
                        .mlp_out = std::move(recorded[2]),
                        .final_norm = std::move(recorded[3]),
                        .logits = {}};
  for (const std::vector<float>& row : result.readings)
    states.logits.insert(states.logits.end(), row.begin(), row.end());
  return states;
}

void write_states(const std::filesystem::path& path, const Config& config, const SequenceStates& states,
                  const std::map<std::string, std::string>& about) {
  if (std::filesystem::exists(path)) fail("{}: is there already; remove it or name another file", path.string());
  const std::vector<std::int64_t> ids(states.ids.begin(), states.ids.end());
  const auto rows = static_cast<std::int64_t>(ids.size());
  const std::int64_t blocks = config.block_count(), width = config.hidden;
  const auto floats = [](const char* name, std::vector<std::int64_t> shape, const std::vector<float>& values) {
    return TensorView{name, DType::F32, std::move(shape), std::as_bytes(std::span(values))};
  };
  std::vector<TensorView> tensors = {{"ids", DType::I64, {rows}, std::as_bytes(std::span(ids))},
                                     floats("resid", {blocks + 1, rows, width}, states.resid),
                                     floats("attn_out", {blocks, rows, width}, states.attn_out),
                                     floats("mlp_out", {blocks, rows, width}, states.mlp_out),
                                     floats("final_norm", {rows, width}, states.final_norm)};
  if (!states.logits.empty()) tensors.push_back(floats("logits", {rows, config.vocabulary}, states.logits));
  write_safetensors(path, tensors, about);
}

}  // namespace tertium
