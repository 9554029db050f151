#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <utility>
#include <vector>

namespace tertium {

struct BootstrapOptions {
  std::size_t resamples = 10'000;
  std::uint64_t seed = 42;
  double confidence = 0.95;
};

/// Samples of n units out of n, drawn with replacement: how often each unit is in each.
class Resamples {
 public:
  Resamples(std::size_t units, const BootstrapOptions& options);

  std::size_t units() const { return units_; }
  std::size_t size() const { return size_; }
  int count(std::size_t unit, std::size_t resample) const { return counts_[unit * size_ + resample]; }
  /// The sum of a unit's values in every resample, each as often as it was drawn. Asserts a value for each unit.
  std::vector<double> sums(std::span<const double> values) const;

 private:
  std::size_t units_ = 0, size_ = 0;
  std::vector<std::uint8_t> counts_;  // [units, resamples]; a count beyond 255 has a chance below 1e-500
};

/// The bootstrap over whole units. The resamples of n units are the same for whatever is asked of n units, so that they
/// are drawn once. The same options give the same numbers everywhere. Not for several threads at once.
class Bootstrap {
 public:
  explicit Bootstrap(const BootstrapOptions& options = {}) : options_(options) {}

  double confidence() const { return options_.confidence; }
  /// Stays until a few other numbers of units have been asked for.
  const Resamples& of(std::size_t units);

  /// The interval between two quantiles of `resampled`, a statistic of n >= 2 units in every resample.
  ///
  /// Percentiles of the bootstrap are too narrow for few units: they spread by sqrt((n - 1)/n) of what they should, and
  /// as a normal distribution does where Student's t with n - 1 degrees of freedom is due. So the levels are those of
  /// Hesterberg's expanded percentile interval (2015, The American Statistician 69, 3.5): Phi(-sqrt(n/(n-1)) t) in
  /// place of 0.025, which is 0.0188 for 30 units and 0.0248 for 1000.
  std::pair<double, double> interval(std::vector<double> resampled, std::size_t units) const;

 private:
  BootstrapOptions options_;
  std::list<Resamples> drawn_;  // the last asked for in front
};

}  // namespace tertium
