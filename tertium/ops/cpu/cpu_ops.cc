#include "tertium/ops/cpu/cpu_ops.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "tertium/base/profile.h"
#include "tertium/ops/cpu/attention.h"
#include "tertium/ops/cpu/products.h"
#include "tertium/ops/cpu/rounded.h"
#include "tertium/ops/cpu/row_kernels.h"

namespace tertium::cpu {
namespace {

using at::Tensor;

constexpr std::int64_t kValuesPerTask = 1 << 15;  // that one thread takes at a time

/// Calls `each(row)` for all rows of `width` values, on all threads.
template <class Each>
void for_each_row(std::int64_t rows, std::int64_t width, const Each& each) {
  const Timed timed(Phase::rows);
  at::parallel_for(0, rows, std::max<std::int64_t>(1, kValuesPerTask / width),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t row = begin; row < end; ++row) each(row);
                   });
}

/// Takes rows in f32, and writes them into `out` [rows, width], whose rows are contiguous, in its own type.
class RowWriter {
 public:
  explicit RowWriter(const Tensor& out) : out_(out), type_(out.scalar_type()), stride_(out.stride(0)) {}

  /// Where row `row` is to be put together: in place, or in a buffer of this thread.
  float* begin(std::int64_t row) const {
    if (type_ == at::kFloat) return out_.data_ptr<float>() + row * stride_;
    thread_local std::vector<float> buffer;
    buffer.resize(std::max(buffer.size(), static_cast<std::size_t>(out_.size(1))));
    return buffer.data();
  }
  /// What was put together there.
  void end(std::int64_t row, const float* values) const {
    if (type_ != at::kFloat) write(row, values);
  }
  /// A row from anywhere.
  void write(std::int64_t row, const float* values) const {
    const std::int64_t width = out_.size(1);
    if (type_ == at::kFloat) round_row(values, out_.data_ptr<float>() + row * stride_, width);
    if (type_ == at::kBFloat16) round_row(values, out_.data_ptr<at::BFloat16>() + row * stride_, width);
    if (type_ == at::kHalf) round_row(values, out_.data_ptr<at::Half>() + row * stride_, width);
  }

 private:
  const Tensor& out_;
  const at::ScalarType type_;
  const std::int64_t stride_;
};

/// log(e^a + e^b). NaN stays.
double log_add(double a, double b) { return (a > b ? a : b) + std::log1p(std::exp(-std::abs(a - b))); }

const float* data_or_null(const Tensor& x) { return x.defined() ? x.const_data_ptr<float>() : nullptr; }

/// Activations that have a kernel of their own: gate and up → activation(gate) * up.
Combine* gate_kernel(Activation activation) {
  if (activation == Activation::silu) return silu_gate_row;
  if (activation == Activation::gelu_tanh) return gelu_tanh_gate_row;
  return nullptr;
}

class CpuOps : public Ops {
 public:
  CpuOps() : Ops(at::kCPU) {}
  std::string_view kernels() const override { return "tuned"; }
  bool runs_passes_side_by_side() const override { return true; }

  /// Each thread takes rows through all of `work`, so that what lies between its steps stays in that core's cache.
  void by_rows(std::int64_t rows, bool large, const RowWork& work) const override {
    constexpr std::int64_t kMost = 256, kGrain = 32;
    const std::int64_t threads = at::in_parallel_region() ? 1 : at::get_num_threads();
    const std::int64_t share = ((rows + threads - 1) / threads + kGrain - 1) / kGrain * kGrain,
                       count = large ? share : std::min(kMost, share);
    at::parallel_for(0, (rows + count - 1) / count, 1, [&](std::int64_t begin, std::int64_t end) {
      const c10::InferenceMode no_autograd;  // a thread's own setting
      for (std::int64_t piece = begin; piece < end; ++piece) work(piece * count, std::min(count, rows - piece * count));
    });
  }

  bool packs(at::ScalarType type) const override { return cpu::packs(type); }

  at::ScalarType attention_type(std::int64_t head_dim, at::ScalarType type) const override {
    return cpu::attention_type(head_dim, type);
  }

  Matrix matrix(const std::vector<Tensor>& parts, at::ScalarType type) const override {
    return packed_if_possible(parts, type);
  }

  void normalize_rows(const Tensor& x, const RowNorm& norm, const Tensor& out) const override {
    const std::int64_t width = x.size(1) / norm.parts, stride = x.stride(0);
    const std::int64_t weight_step = norm.weight.numel() == width ? 0 : width;
    const float* weight = norm.weight.const_data_ptr<float>();
    const RowWriter writer(out);
    for_each_row(x.size(0), x.size(1), [&](std::int64_t row) {
      float* values = writer.begin(row);
      for (std::int64_t part = 0; part < norm.parts; ++part)
        normalize_row(x.const_data_ptr<float>() + row * stride + part * width, weight + part * weight_step,
                      data_or_null(norm.bias), norm.centered, static_cast<float>(norm.eps), values + part * width,
                      width);
      writer.end(row, values);
    });
  }

  Tensor project(const Tensor& x, std::span<const Linear> stack) const override {
    const Timed timed(Phase::products);
    std::int64_t width = 0, first = 0;
    for (const Linear& part : stack) width += part.weight.out;
    const Tensor out = at::empty({x.size(0), width}, at::kFloat);
    for (const Linear& part : stack) {
      Tensor columns = out.narrow(1, first, part.weight.out);
      multiply(part.weight, x, columns);
      if (part.bias.defined()) columns.add_(part.bias);
      first += part.weight.out;
    }
    return out;
  }

  Tensor gated(const Tensor& x, std::span<const Linear> stack, const Curve& curve, at::ScalarType type) const override {
    Combine* const kernel = gate_kernel(curve.activation);
    std::int64_t both = 0;
    for (const Linear& part : stack) both += part.weight.out;
    const std::int64_t width = both / 2;
    const Tensor out = at::empty({x.size(0), width}, type);
    const Linear& first = stack.front();
    if (kernel && stack.size() == 1 && !first.bias.defined() && has_halves(first.weight)) {
      const Timed timed(Phase::products);
      multiply_halves(first.weight, x, *kernel, out);
      return out;
    }
    const Tensor inner = project(x, stack);
    if (!kernel) return activated(curve, inner.narrow(1, 0, width)).mul_(inner.narrow(1, width, width)).to(type);
    const RowWriter writer(out);
    for_each_row(x.size(0), width, [&](std::int64_t row) {
      float* values = writer.begin(row);
      const float* gate = inner.const_data_ptr<float>() + row * 2 * width;
      kernel(gate, gate + width, values, width);
      writer.end(row, values);
    });
    return out;
  }

  void rotate(const Tensor& x, std::int64_t heads, std::int64_t head_dim, const Rotation& rotation,
              const Tensor& out) const override {
    const std::int64_t width = x.size(1), half = rotation.cos.defined() ? rotation.cos.size(1) : 0;
    const float *all_cos = data_or_null(rotation.cos), *all_sin = data_or_null(rotation.sin);
    const auto rotate_head = rotation.interleaved ? rotate_neighbours_row : rotate_halves_row;
    const RowWriter writer(out);
    for_each_row(x.size(0), width, [&](std::int64_t row) {
      float* values = x.data_ptr<float>() + row * width;
      for (std::int64_t h = 0; half > 0 && h < heads; ++h)
        rotate_head(values + h * head_dim, all_cos + row * half, all_sin + row * half, half);
      writer.write(row, values);
    });
  }

  Tensor attend(const Attention& attention, const Tensor& qkv) const override { return cpu::attend(attention, qkv); }

  Tensor product(const Tensor& x, const Matrix& weight) const override {
    Tensor result = at::empty({x.size(0), weight.out}, at::kFloat);
    multiply(weight, x, result);
    return result;
  }

  /// Some words after the other, so that a sum does not hang on how many come at a time.
  void add_log_sum_exp(const Tensor& x, const Tensor& sums) const override {
    constexpr std::int64_t kWordsAtOnce = 1024;
    const std::int64_t words = x.size(1);
    at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        float* const values = x.data_ptr<float>() + row * words;
        double& sum = sums.data_ptr<double>()[row];
        for (std::int64_t first = 0; first < words; first += kWordsAtOnce)
          sum = log_add(sum, log_sum_exp_row(values + first, std::min(kWordsAtOnce, words - first)));
      }
    });
  }

  std::vector<TopTwo> top_two(const Tensor& x) const override {
    constexpr std::int64_t kWordsAtOnce = 256;  // few of them hold one that counts
    const std::int64_t words = x.size(1);
    std::vector<TopTwo> best(static_cast<std::size_t>(x.size(0)));
    at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        TopTwo& of_row = best[static_cast<std::size_t>(row)];
        const float* values = x.const_data_ptr<float>() + row * words;
        for (std::int64_t first = 0; first < words; first += kWordsAtOnce) {
          const std::int64_t end_word = std::min(words, first + kWordsAtOnce);
          if (largest_of(values + first, end_word - first) <= of_row.next) continue;  // NaN is not
          for (std::int64_t word = first; word < end_word; ++word)
            if (!(values[word] <= of_row.next)) of_row.join({word, values[word], -INFINITY}, 0);
        }
      }
    });
    return best;
  }
};

}  // namespace

std::shared_ptr<const Ops> make_ops() { return std::make_shared<const CpuOps>(); }

}  // namespace tertium::cpu
