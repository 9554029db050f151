#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tertium {

/// Rows and columns of a block of weights that share one scale.
using ScaleBlock = std::pair<std::int64_t, std::int64_t>;

/// How the F8 weights of a checkpoint may be scaled, as far as its configuration says it; what it says of one matrix is
/// decided by the shape of the scale too.
struct F8Scaling {
  bool whole = true;  // one scale for a matrix
  bool rows = true;   // one for each row
  std::vector<ScaleBlock> blocks = {};
};

/// From the quantization_config of a config.json, which may have none. Throws Error naming `origin` and the key for
/// what changes the weights in another way.
F8Scaling read_f8_scaling(const nlohmann::json& config, const std::string& origin);

/// The blocks that a scale of the shape `scale` means, of weights [out, in]. None if no way of scaling fits the shape,
/// several if the shape leaves it open.
std::vector<ScaleBlock> scale_blocks(const F8Scaling& scaling, std::int64_t out, std::int64_t in,
                                     const std::vector<std::int64_t>& scale);

/// What a tensor beside F8 weights is for if it does not scale weights, so that it may be left aside; empty if it may
/// not.
std::string_view scaled_apart(std::string_view tensor);

}  // namespace tertium
