#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tertium {

/// Who needs what a stage of units gives, before it can go on.
enum class Needed : std::uint8_t {
  by_none,
  by_all,    // told through Shares
  as_files,  // by all, and it lies in files that all see
};

/// Which of a run's units one of its workers computes. Units have names that all workers know them by.
class Shares {
 public:
  Shares() = default;
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;
  virtual ~Shares() = default;

  /// Where among `count` units this worker begins, so that each begins elsewhere.
  virtual std::size_t first_of(std::size_t count) const = 0;
  /// Whether this worker is to compute it, now.
  virtual bool take(const std::string& unit, Needed needed) = 0;
  /// Says that it has, and what others need of it.
  virtual void done(const std::string& unit, const std::string& result) = 0;
  /// What the worker that did it said. Absent where nothing is known.
  virtual std::optional<std::string> result(const std::string& unit) = 0;
  /// Waits a moment for more results of others. False where none come.
  virtual bool wait() = 0;
};

/// Shares by hash: `index` of `count` workers that know nothing of each other.
class HashShares : public Shares {
 public:
  HashShares(int index, int count) : index_(index), count_(count) {}

  std::size_t first_of(std::size_t count) const override;
  bool take(const std::string& unit, Needed needed) override;
  void done(const std::string&, const std::string&) override {}
  std::optional<std::string> result(const std::string&) override { return std::nullopt; }
  bool wait() override { return false; }

 private:
  int index_, count_;
};

}  // namespace tertium
