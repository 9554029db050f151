#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "tertium/base/progress.h"

namespace tertium {

/// "12 s", "3:20", "1:04:00".
std::string spelled_time(double seconds);

/// Shows progress on standard error: one line that rewrites itself on a terminal, one line a stage elsewhere. With the
/// time left.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  void operator()(std::string_view stage, std::size_t done, std::size_t total);
  /// A line of its own.
  void say(std::string_view what);

 private:
  using Clock = std::chrono::steady_clock;
  void finish_stage();

  bool terminal_;
  std::string stage_;
  std::size_t done_ = 0, total_ = 0;
  Clock::time_point stage_start_, last_shown_;
};

}  // namespace tertium
