#include "tertium/ops/ops.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <dlfcn.h>

#include <cstdlib>
#include <map>
#include <mutex>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/ops/aten/aten_ops.h"
#include "tertium/ops/cpu/cpu_ops.h"

namespace tertium {
namespace {

using at::Tensor;

constexpr char kDriver[] = "libcuda.so.1", kCudaLibrary[] = "libtorch_cuda.so";

/// xIELU (arXiv 2411.13010): a parabola above 0, an exponential below, and a straight line through both.
Tensor xielu(const Tensor& x, const Xielu& curve) {
  const Tensor above = x * x * curve.positive;
  const Tensor below = (x.clamp_max(curve.nearest).expm1() - x) * curve.negative;
  return at::where(x > 0, above, below) + x * curve.slope;
}

/// Empty if it could be loaded, else why not.
std::string load(const char* library) {
  return dlopen(library, RTLD_NOW | RTLD_GLOBAL) ? "" : printable(dlerror(), 200);
}

/// How many CUDA devices there are. LibTorch's CUDA part is loaded at run time, so that one program serves machines
/// with and without it; that must come before anything asks for CUDA, since the answer is kept. `why`: where there are
/// none.
int cuda_devices(std::string& why) {
  static const std::string no_driver = load(kDriver);
  static const std::string no_library = no_driver.empty() ? load(kCudaLibrary) : "";
  if (!no_driver.empty()) why = fmt::format("no NVIDIA driver here ({})", no_driver);
  if (!no_library.empty()) why = fmt::format("LibTorch's CUDA part cannot be loaded ({})", no_library);
  if (!why.empty()) return 0;
  const int count = at::globalContext().hasCUDA() ? at::accelerator::deviceCount() : 0;
  if (count == 0) why = "LibTorch's CUDA part finds no GPU (nvidia-smi lists those there are)";
  return count;
}

at::Device device_named(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name == "auto") {
    std::string why;
    return cuda_devices(why) > 0 ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  }
  const bool numbered = name.starts_with("cuda:") && name.size() == 6 && name[5] >= '0' && name[5] <= '9';
  if (name != "cuda" && !numbered)
    fail("device \"{}\": tertium knows auto, cpu, cuda and cuda:0 to cuda:9", printable(name, 40));
  const int wanted = numbered ? name[5] - '0' : 0;
  std::string why;
  const int count = cuda_devices(why);
  if (count == 0) fail("device {}: {}; or run with --device cpu", name, why);
  if (wanted >= count) fail("device {}: this machine has {} of them, counted from 0", name, count);
  return {at::kCUDA, static_cast<at::DeviceIndex>(wanted)};
}

}  // namespace

std::string asked_or_usual(const std::string& asked, const std::string& unasked, const char* variable) {
  const char* const usual = asked == unasked ? std::getenv(variable) : nullptr;
  return usual && *usual ? usual : asked;
}

std::vector<FreeDevice> free_gpus() {
  std::vector<FreeDevice> all;
  std::string why;
  for (int i = 0, count = cuda_devices(why); i < count; ++i)
    all.push_back({fmt::format("cuda:{}", i),
                   static_cast<double>(at::accelerator::getMemoryInfo(static_cast<c10::DeviceIndex>(i)).first)});
  return all;
}

Memory Ops::memory() const {
  if (device_.is_cpu()) return machine_memory();
  const auto [free, total] = at::accelerator::getMemoryInfo(device_.index());
  return {static_cast<double>(total), static_cast<double>(free)};
}

bool Ops::multiplies_bf16() const {
  if (!device_.is_cpu()) return true;
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

void Ops::normalize(const Tensor& x, const RowNorm& norm, const Tensor& out) const {
  if (norm.weight.defined())
    normalize_rows(x, norm, out);
  else if (!out.is_same(x))
    out.copy_(x);
}

Tensor Ops::normalized(const Tensor& x, const RowNorm& norm, at::ScalarType type) const {
  if (!norm.weight.defined()) return x.to(type);
  const Tensor out = at::empty(x.sizes(), x.options().dtype(type));
  normalize_rows(x, norm, out);
  return out;
}

Tensor Ops::index(std::span<const std::int64_t> numbers) const {
  return here(at::tensor(at::IntArrayRef(numbers.data(), numbers.size())));
}

Tensor activated(const Curve& curve, const Tensor& x) {
  switch (curve.activation) {
    case Activation::gelu:
      return at::gelu(x);
    case Activation::gelu_tanh:
      return at::gelu(x, "tanh");
    case Activation::relu:
      return at::relu(x).add_(x, /*alpha=*/0);  // -infinity must not become 0
    case Activation::xielu:
      return xielu(x, curve.xielu);
    default:
      return at::silu(x);
  }
}

std::shared_ptr<const Ops> ops_for(const Hardware& hardware) {
  const at::Device device = device_named(asked_or_usual(hardware.device, "auto", "TERTIUM_DEVICE"));
  const std::string kernels = asked_or_usual(hardware.kernels, "auto", "TERTIUM_KERNELS");
  if (kernels != "auto" && kernels != "tuned" && kernels != "aten")
    fail("kernels \"{}\": tertium knows auto, tuned, aten", printable(kernels, 40));
  if (kernels == "tuned" && !device.is_cpu())
    fail("kernels \"tuned\" are the CPU's; on {} give auto or aten", device.str());
  const bool tuned = device.is_cpu() && kernels != "aten";
  static std::mutex mutex;
  static std::map<std::pair<std::string, bool>, std::shared_ptr<const Ops>> known;
  const std::lock_guard lock(mutex);
  std::shared_ptr<const Ops>& ops = known[{device.str(), tuned}];
  if (!ops && tuned)
    ops = cpu::make_ops();
  else if (!ops) {
    // f32 is f32: no TF32 in its products.
    at::globalContext().setAllowTF32CuBLAS(false);
    ops = aten::make_ops(device);
  }
  return ops;
}

}  // namespace tertium
