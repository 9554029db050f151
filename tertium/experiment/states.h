#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tertium/engine/engine.h"

namespace tertium {

/// What a model computes on one sequence of T tokens, by the names of docs/golden.md.
struct SequenceStates {
  std::vector<std::int32_t> ids;  // [T]
  std::vector<float> resid;       // [L + 1, T, D]: the stream that enters block 0, then what each block leaves
  std::vector<float> attn_out;    // [L, T, D]
  std::vector<float> mlp_out;     // [L, T, D]
  std::vector<float> final_norm;  // [T, D]
  std::vector<float> logits;      // [T, V], or empty
};

/// Throws Error naming `name` if there are no ids, or the model has no embedding for one.
SequenceStates states_of(const Engine& engine, const std::string& name, const std::vector<std::int32_t>& ids,
                 bool with_logits);

/// A safetensors file with ids in I64 and all else in F32; `about` becomes its metadata. Throws Error if `path` is there
/// already, or cannot be written.
void write_states(const std::filesystem::path& path, const Config& config, const SequenceStates& states,
                  const std::map<std::string, std::string>& about);

}  // namespace tertium
