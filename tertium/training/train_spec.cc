#include "tertium/training/train_spec.h"

#include <cmath>
#include <numbers>

namespace tertium {

std::string_view to_string(Method method) {
  switch (method) {
    case Method::aligned:
      return "aligned";
    case Method::task_only:
      return "task_only";
    case Method::shuffled_pairs:
      break;
  }
  return "shuffled_pairs";
}

// As transformers' get_inverse_sqrt_schedule (its time scale is the warm-up, or 10,000 without one) and
// get_cosine_schedule_with_warmup.
double rate_at(const OptimizerSpec& spec, int step, int steps) {
  const double warm = std::ceil(spec.warm_up * steps), at = step;
  if (at < warm) return spec.rate * at / std::max(1.0, warm);
  switch (spec.schedule) {
    case Schedule::constant:
      return spec.rate;
    case Schedule::cosine:
      return spec.rate * 0.5 * (1 + std::cos(std::numbers::pi * (at - warm) / std::max(1.0, steps - warm)));
    case Schedule::inverse_sqrt:
      break;
  }
  constexpr double kScale = 10'000;
  const double scale = warm > 0 ? warm : kScale;
  return spec.rate * std::sqrt(scale / (at + scale - warm));
}

}  // namespace tertium
