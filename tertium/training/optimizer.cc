#include "tertium/training/optimizer.h"

#include <ATen/core/grad_mode.h>

#include <cmath>

#include "tertium/base/error.h"

namespace tertium {

using at::Tensor;

AdamW::AdamW(const OptimizerSpec& spec, std::vector<std::pair<std::string, Tensor>> parameters)
    : spec_(spec), parameters_(std::move(parameters)) {
  for (const auto& [name, values] : parameters_)
    for (const char* moment : {"m.", "v."}) moments_.emplace_back(moment + name, at::zeros(values.sizes(), at::kFloat));
}

void AdamW::forget_gradients() {
  for (const auto& [name, values] : parameters_) values.mutable_grad() = Tensor();
}

double AdamW::clip_gradients() {
  double squares = 0;
  for (const auto& [name, values] : parameters_)
    if (values.grad().defined()) squares += values.grad().to(at::kDouble).square().sum().item<double>();
  const double length = std::sqrt(squares);
  if (!std::isfinite(length))
    fail("the gradient is NaN or infinite; lower train.learning_rate");
  if (spec_.clip > 0 && length > spec_.clip)
    for (const auto& [name, values] : parameters_)
      if (values.grad().defined()) values.mutable_grad().mul_(spec_.clip / (length + 1e-6));  // as PyTorch's clip_grad_norm_
  return length;
}

void AdamW::step(double rate) {
  const at::NoGradGuard none;
  ++steps_;
  const double correction1 = 1 - std::pow(spec_.beta1, steps_), correction2 = 1 - std::pow(spec_.beta2, steps_);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    Tensor values = parameters_[i].second, m = moments_[2 * i].second, v = moments_[2 * i + 1].second;
    const Tensor gradient = values.grad().defined() ? values.grad() : at::zeros_like(values);
    if (spec_.decay != 0) values.mul_(1 - rate * spec_.decay);
    m.lerp_(gradient, 1 - spec_.beta1);
    v.mul_(spec_.beta2).addcmul_(gradient, gradient, 1 - spec_.beta2);
    values.addcdiv_(m, (v.sqrt() / std::sqrt(correction2)).add_(spec_.epsilon), -rate / correction1);
  }
}

}  // namespace tertium
