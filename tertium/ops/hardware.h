#pragma once

#include <string>

namespace tertium {

/// Where a model runs, and by whose code.
struct Hardware {
  // "cpu", "cuda" or "cuda:<i>"; "auto": TERTIUM_DEVICE of the environment, or a GPU that is there, or the CPU
  std::string device = "auto";
  // "tuned" (ours, on the CPU) or "aten" (LibTorch's, on any device); "auto": TERTIUM_KERNELS, or what is fastest there
  std::string kernels = "auto";
};

}  // namespace tertium
