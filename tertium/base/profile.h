#pragma once

#include <chrono>
#include <map>
#include <string>

namespace tertium {

/// Where a thread spends its time. All threads of a pass do the same, so that the caller's own stands for them.
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

/// Seconds of the calling thread in each phase so far, by its name.
std::map<std::string, double> phase_seconds();

}  // namespace tertium
