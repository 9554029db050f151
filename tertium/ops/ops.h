#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tertium/base/memory.h"
#include "tertium/ops/activation.h"
#include "tertium/ops/attention.h"
#include "tertium/ops/hardware.h"
#include "tertium/ops/matrix.h"

namespace tertium {

/// What a row, or each of its equal parts, is divided by and multiplied with. An undefined weight stands for no norm.
struct RowNorm {
  at::Tensor weight;      // [width], or [parts * width] where each part has its own; in f32
  at::Tensor bias;        // [width] or undefined
  bool centered = false;  // LayerNorm: the mean is subtracted first; else the root mean square alone
  double eps = 0;
  std::int64_t parts = 1;  // of a row, that are normalised each by itself
};

/// The rows' rotations: cos and sin of position x frequency, each [R, rotated / 2] in f32; undefined where nothing is
/// rotated.
struct Rotation {
  at::Tensor cos;
  at::Tensor sin;
  bool interleaved = false;  // pairs are (2i, 2i + 1), not (i, i + rotated / 2)

  Rotation of_rows(std::int64_t first, std::int64_t count) const {
    return cos.defined() ? Rotation{cos.narrow(0, first, count), sin.narrow(0, first, count), interleaved} : *this;
  }
};

/// A row's largest value, where it stands, and the next.
struct TopTwo {
  std::int64_t word = 0;
  float value = -INFINITY, next = -INFINITY;

  /// Takes in another part of the row, that begins at `first`. A NaN stays.
  void join(const TopTwo& part, std::int64_t first) {
    if (std::isnan(value)) return;
    if (part.value > value || std::isnan(part.value))
      *this = {first + part.word, part.value, std::max(value, part.next)};
    else
      next = std::max(next, part.value);
  }
};

/// The operations under the block equation, on one device. Rows are tensors [R, width] on that device whose rows are
/// contiguous; "in f32" says what a result is held in, and products of any type keep f32 sums. What is not finite is
/// never lost: NaN gives NaN, and infinity gives infinity or NaN. Called by several threads at once.
class Ops {
 public:
  explicit Ops(at::Device device) : device_(device) {}
  virtual ~Ops() = default;

  at::Device device() const { return device_; }
  virtual std::string_view kernels() const = 0;  // "tuned" or "aten"
  /// Whether the device has units for products of bf16.
  bool multiplies_bf16() const;
  /// The device's own, now.
  Memory memory() const;
  /// Whether passes are best run side by side, one a thread; else one after another.
  virtual bool runs_passes_side_by_side() const = 0;

  /// Calls `work(first, count)` for all of `rows` rows, in pieces that suit the device, maybe on several threads.
  /// `large`: in as few pieces as there are threads.
  using RowWork = std::function<void(std::int64_t first, std::int64_t count)>;
  virtual void by_rows(std::int64_t rows, bool large, const RowWork& work) const = 0;

  /// Whether matrices of this type are copied into an order of our own, so that where they came from may go.
  virtual bool packs(at::ScalarType type) const = 0;
  /// What attention computes in where q, k and v are of a type.
  virtual at::ScalarType attention_type(std::int64_t head_dim, at::ScalarType type) const = 0;
  /// The rows of several matrices, one below the other, for products in `type`. All [*, in], of that type or, where it
  /// is f32, of half precision, which may stay as it is: f32 has the same numbers.
  virtual Matrix matrix(const std::vector<at::Tensor>& parts, at::ScalarType type) const = 0;

  /// x normalised into `out` of any type, which may be x. The norm's weight is defined.
  virtual void normalize_rows(const at::Tensor& x, const RowNorm& norm, const at::Tensor& out) const = 0;
  /// The outputs of all matrices of a stack, side by side, [R, sum of out] in f32; x is rounded to the matrices' type.
  virtual at::Tensor project(const at::Tensor& x, std::span<const Linear> stack) const = 0;
  /// curve(gate(x)) * up(x) in `type`, [R, width]; the stack's outputs are [gate | up].
  virtual at::Tensor gated(const at::Tensor& x, std::span<const Linear> stack, const Curve& curve,
                           at::ScalarType type) const = 0;
  /// Rows of heads [R, n * head_dim] in f32, of which the first `heads` are rotated → `out` of any type. x is
  /// overwritten.
  virtual void rotate(const at::Tensor& x, std::int64_t heads, std::int64_t head_dim, const Rotation& rotation,
                      const at::Tensor& out) const = 0;
  /// Rows [q | k | v], (heads + 2 kv_heads) * head_dim wide → what each gathered, [R, heads * head_dim] of the same
  /// type. Scores and softmax are f32.
  virtual at::Tensor attend(const Attention& attention, const at::Tensor& qkv) const = 0;
  /// x times the transposed weight → [R, out] in f32; x is rounded to its type.
  virtual at::Tensor product(const at::Tensor& x, const Matrix& weight) const = 0;
  /// sums = log(exp(sums) + sum(exp(x))) of each row, [R] in f64, from -infinity on. x is overwritten.
  virtual void add_log_sum_exp(const at::Tensor& x, const at::Tensor& sums) const = 0;
  /// Of each row of x [R, words]. Of equal values the first counts.
  virtual std::vector<TopTwo> top_two(const at::Tensor& x) const = 0;

  /// The same by any norm: an undefined weight copies.
  void normalize(const at::Tensor& x, const RowNorm& norm, const at::Tensor& out) const;
  /// Normalised, in a tensor of its own.
  at::Tensor normalized(const at::Tensor& x, const RowNorm& norm, at::ScalarType type = at::kFloat) const;
  /// A tensor on this device; the same one if it is there.
  at::Tensor here(const at::Tensor& tensor) const { return tensor.to(device_); }
  /// Numbers as a tensor on this device.
  at::Tensor index(std::span<const std::int64_t> numbers) const;

 private:
  at::Device device_;
};

/// curve(x), by plain tensor operations.
at::Tensor activated(const Curve& curve, const at::Tensor& x);

/// A GPU, and the bytes that are free on it.
struct FreeDevice {
  std::string name;  // "cuda:0"
  double bytes = 0;
};
/// Those of this machine.
std::vector<FreeDevice> free_gpus();

/// What was asked for, or where it is `unasked`, what a variable of the environment says, if that is set.
std::string asked_or_usual(const std::string& asked, const std::string& unasked, const char* variable);

/// The operations for a choice of device and kernels; the same object for the same choice. Throws Error, in one line,
/// for a device that is not there, naming what was looked for, and for kernels that the device does not have.
std::shared_ptr<const Ops> ops_for(const Hardware& hardware);

}  // namespace tertium
