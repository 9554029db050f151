#include "tertium/repair/linear_map.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <limits>

namespace tertium {
namespace {

using at::Tensor;

constexpr std::int64_t kFolds = 5;

Tensor tensor_of(std::span<const float> values, std::size_t width) {
  const auto rows = static_cast<std::int64_t>(values.size() / width);
  return at::from_blob(const_cast<float*>(values.data()), {rows, static_cast<std::int64_t>(width)}, at::kFloat)
      .to(at::kDouble);
}

std::vector<float> values_of(const Tensor& tensor) {
  const Tensor values = tensor.to(at::kFloat).contiguous();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

/// Both sides and their means, in f64.
struct Centred {
  Tensor from, to;            // [n, D]
  Tensor from_mean, to_mean;  // [D]

  Centred(const Tensor& x, const Tensor& y) : from_mean(x.mean(0)), to_mean(y.mean(0)) {
    from = x - from_mean;
    to = y - to_mean;
  }

  LinearMap with(const Tensor& weight) const {
    return {values_of(weight), values_of(to_mean - at::matmul(from_mean, weight))};
  }
};

/// Ridge regression for any λ from one decomposition: in the space of the pairs or of the columns, whichever is
/// smaller.
class Ridge {
 public:
  Ridge(const Tensor& x, const Tensor& y) : x_(x), wide_(x.size(0) <= x.size(1)) {
    const Tensor gram = wide_ ? at::matmul(x, x.t()) : at::matmul(x.t(), x);
    std::tie(values_, vectors_) = at::linalg_eigh(gram);
    right_ = at::matmul(vectors_.t(), wide_ ? y : at::matmul(x.t(), y));
    scale_ = x.square().sum().item<double>() / static_cast<double>(std::min(x.size(0), x.size(1)));
  }

  /// W [D, D], for λ as a share of the mean squared singular value.
  Tensor weight(double share) const {
    const Tensor solved = at::matmul(vectors_, right_ / (values_.clamp_min(0) + share * scale_).unsqueeze(1));
    return wide_ ? at::matmul(x_.t(), solved) : solved;
  }
  bool is_flat() const { return scale_ <= 0; }

 private:
  Tensor x_, values_, vectors_, right_;
  bool wide_;
  double scale_ = 0;
};

/// The share whose error on pairs that were not fitted is least.
double best_ridge(const Tensor& x, const Tensor& y) {
  std::vector<double> errors(std::size(kRidges));
  for (std::int64_t fold = 0; fold < kFolds; ++fold) {
    const Tensor held = at::arange(fold, x.size(0), kFolds);
    Tensor is_held = at::zeros({x.size(0)}, at::kBool);
    is_held.index_fill_(0, held, 1);
    const Tensor kept = is_held.logical_not().nonzero().squeeze(1);
    const Centred fitted(x.index_select(0, kept), y.index_select(0, kept));
    const Ridge ridge(fitted.from, fitted.to);
    if (ridge.is_flat()) continue;
    const Tensor from = x.index_select(0, held) - fitted.from_mean, to = y.index_select(0, held) - fitted.to_mean;
    for (std::size_t r = 0; r < errors.size(); ++r)
      errors[r] += (at::matmul(from, ridge.weight(kRidges[r])) - to).square().sum().item<double>();
  }
  return kRidges[std::min_element(errors.begin(), errors.end()) - errors.begin()];
}

}  // namespace

std::vector<float> fit_mean_shift(const StatePairs& pairs) {
  const c10::InferenceMode no_autograd;
  return values_of(tensor_of(pairs.to, pairs.width).mean(0) - tensor_of(pairs.from, pairs.width).mean(0));
}

LinearMap fit_least_squares(const StatePairs& pairs, std::size_t rank) {
  const c10::InferenceMode no_autograd;
  const Tensor x = tensor_of(pairs.from, pairs.width), y = tensor_of(pairs.to, pairs.width);
  const Centred centred(x, y);
  const Ridge ridge(centred.from, centred.to);
  // Where all states are one, the shift of the means is all there is to learn.
  if (ridge.is_flat()) return centred.with(at::zeros({x.size(1), x.size(1)}, at::kDouble));
  Tensor weight = ridge.weight(best_ridge(x, y));
  if (rank > 0) {
    const Tensor right = std::get<2>(at::linalg_svd(at::matmul(centred.from, weight), /*full_matrices=*/false));
    const Tensor first = right.narrow(0, 0, std::min<std::int64_t>(static_cast<std::int64_t>(rank), right.size(0)));
    weight = at::matmul(at::matmul(weight, first.t()), first);
  }
  return centred.with(weight);
}

LinearMap fit_procrustes(const StatePairs& pairs) {
  const c10::InferenceMode no_autograd;
  const Centred centred(tensor_of(pairs.from, pairs.width), tensor_of(pairs.to, pairs.width));
  Tensor cross = at::matmul(centred.from.t(), centred.to);
  // What no pair says is decided by a trace of the identity, far below what any says.
  const double size = std::max(cross.abs().max().item<double>(), std::numeric_limits<double>::min());
  cross.diagonal().add_(1e-9 * size);
  const auto [left, values, right] = at::linalg_svd(cross, /*full_matrices=*/false);
  return centred.with(at::matmul(left, right));
}

double squared_error(const LinearMap& map, const StatePairs& pairs) {
  const c10::InferenceMode no_autograd;
  const Tensor x = tensor_of(pairs.from, pairs.width), y = tensor_of(pairs.to, pairs.width);
  const Tensor weight = tensor_of(map.weight, pairs.width), bias = tensor_of(map.bias, pairs.width);
  return (at::matmul(x, weight) + bias - y).square().sum(1).mean().item<double>();
}

}  // namespace tertium
