#pragma once

#include <string>

namespace tertium {

/// Where a model runs, and by whose code.
struct Hardware {
  // "cpu", "cuda" or "cuda:<i>"; "auto": TERTIUM_DEVICE of the environment, or a GPU that is there, or the CPU
  std::string device = "auto";
  // "tuned" (ours, on the CPU) or "aten" (LibTorch's, on any device); "auto": TERTIUM_KERNELS, or what is fastest there
  std::string kernels = "auto";
  // "auto": blocks lie on as many GPUs as they need. Or which lie where, device by device: "cuda:0=0-15,cuda:1=16-"
  // (model/placement.h). Empty: TERTIUM_DEVICE_MAP, or all on `device`.
  std::string map = {};
};

}  // namespace tertium
