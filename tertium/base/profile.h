#pragma once

#include <chrono>
#include <map>
#include <string>

namespace tertium {

/// Where a pass spends its time. Kept for the whole process; written by the one thread that runs passes.
enum class Phase { products, attention, rows, readout, rest };
constexpr int kPhases = 5;

/// Counts the time until it goes out of scope towards `phase`, and not towards the phase that was counted before.
class Timed {
 public:
  explicit Timed(Phase phase);
  ~Timed();
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  Phase outer_;
};

/// Seconds in each phase so far, by its name.
std::map<std::string, double> phase_seconds();

}  // namespace tertium
