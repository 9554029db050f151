#include "tertium/base/profile.h"

#include <array>

namespace tertium {
namespace {

using Clock = std::chrono::steady_clock;

struct Account {
  Phase running = Phase::rest;
  Clock::time_point since = Clock::now();
  std::array<double, kPhases> seconds{};

  void change_to(Phase next) {
    const Clock::time_point now = Clock::now();
    seconds[static_cast<int>(running)] += std::chrono::duration<double>(now - since).count();
    running = next;
    since = now;
  }
};

Account& account() {
  thread_local Account account;
  return account;
}

}  // namespace

Timed::Timed(Phase phase) : outer_(account().running) { account().change_to(phase); }

Timed::~Timed() { account().change_to(outer_); }

std::map<std::string, double> phase_seconds() {
  account().change_to(account().running);
  const std::array<double, kPhases>& seconds = account().seconds;
  return {{"products", seconds[0]},
          {"attention", seconds[1]},
          {"rows", seconds[2]},
          {"readout", seconds[3]},
          {"rest", seconds[4]}};
}

}  // namespace tertium
