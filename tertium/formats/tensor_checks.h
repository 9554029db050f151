#pragma once

#include <filesystem>
#include <span>

#include "tertium/formats/tensor_view.h"

namespace tertium {

/// What every tensor file must keep. Throws Error naming the file and the tensors if two have one name or share bytes.
void check_apart(const std::filesystem::path& path, std::span<const TensorView> tensors);

}  // namespace tertium
