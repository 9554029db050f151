#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tertium/cluster/launch.h"
#include "tertium/cluster/shares.h"

namespace tertium {

/// How long workers wait for each other.
struct Patience {
  std::chrono::milliseconds heartbeat{1000};   // of each worker, while it lives
  std::chrono::milliseconds silence{15'000};   // after which it is taken for dead
  std::chrono::milliseconds joining{600'000};  // for a first word of rank 0
  std::chrono::milliseconds late{60'000};      // for a worker that never came, once all the work is done
};

/// Units that workers take one by one, through a store of keys that rank 0 or the launcher keeps. A worker that gives
/// no sign of life any more has its unit taken by another; should it live, the unit is computed twice, which does no
/// harm.
class HandedOut : public Shares {
 public:
  /// Joins the launch. Where the launcher gives no address, rank 0 leaves its own in a file of `folder`. Throws Error
  /// where rank 0 cannot be reached.
  HandedOut(const Launch& launch, const std::filesystem::path& folder, const Patience& patience = {});
  /// Says that this worker is gone. Rank 0 leaves last, in a few seconds.
  ~HandedOut() override;

  /// Rank 0's: work can begin, and what the others are to know of it.
  void open(const std::string& word);
  /// What it said, once it has. Throws Error if it never will.
  std::string await_open();
  /// Rank 0's: waits until all others are gone or dead. The ranks of those who died, or never came.
  std::vector<int> await_others();

  std::size_t first_of(std::size_t count) const override;
  bool take(const std::string& unit, Needed needed) override;
  void done(const std::string& unit, const std::string& result) override;
  std::optional<std::string> result(const std::string& unit) override;
  bool wait() override;

 private:
  struct Connection;
  using Clock = std::chrono::steady_clock;
  enum class State { alive, left, dead };

  State state_of(const std::string& worker);

  Launch launch_;
  Patience patience_;
  std::string self_;  // this process, which no later one of the same rank is taken for
  std::unique_ptr<Connection> connection_;
  std::set<std::string> taken_;
  /// The last sign of life of others, and since when it has not changed.
  struct Sign {
    std::string value;
    Clock::time_point since;
  };
  std::map<std::string, Sign> signs_;
};

}  // namespace tertium
