#include "tertium/cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "tertium/cli/process.h"

namespace tertium {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr Seconds kRedraw{0.1};

}  // namespace

std::string spelled_time(double seconds) {
  constexpr double kLongest = 3.6e9;  // what a file claims may be anything
  const auto whole = static_cast<long>(std::clamp(seconds, 0.0, kLongest) + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return whole >= 60 ? fmt::format("{}:{:02}", whole / 60, whole % 60) : fmt::format("{} s", whole);
}

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO)) {}

ProgressLine::~ProgressLine() { finish_stage(); }

void ProgressLine::operator()(std::string_view stage, std::size_t done, std::size_t total) {
  const Clock::time_point now = Clock::now();
  if (stage != stage_) {
    finish_stage();
    stage_ = stage;
    stage_start_ = now;
    last_shown_ = {};
  }
  done_ = done;
  total_ = total;
  if (!terminal_ || now - last_shown_ < kRedraw) return;
  last_shown_ = now;
  const double elapsed = Seconds(now - stage_start_).count();
  const std::string left =
      done > 0 ? ", " + spelled_time(elapsed / static_cast<double>(done) * static_cast<double>(total - done)) + " left"
               : "";
  write_error(fmt::format("\r\x1b[2K{} {}/{}{}", stage_, done, total, left));
}

void ProgressLine::say(std::string_view what) {
  finish_stage();
  write_error(fmt::format("{}\n", what));
}

void ProgressLine::finish_stage() {
  if (stage_.empty()) return;
  write_error(fmt::format("{}{} {}/{}, {:.1f} s\n", terminal_ ? "\r\x1b[2K" : "", stage_, done_, total_,
                          Seconds(Clock::now() - stage_start_).count()));
  stage_.clear();
}

}  // namespace tertium
