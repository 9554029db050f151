#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tertium/model/model.h"
#include "tertium/ops/ops.h"

namespace tertium {

struct Config;

/// What computes each block: consecutive ones lie on one device. Embeddings lie with the first block; the final norm
/// and the head with the last.
class Placement {
 public:
  /// As `hardware` asks for it. Throws Error, in one line, for a map that leaves blocks out or has them twice, for a
  /// device that is not there, and where the blocks find no room.
  Placement(const Hardware& hardware, const Config& config, Precision precision);

  /// Of a block, or of block_count() for what lies behind them.
  const Ops& of(int block) const { return *blocks_[std::min<std::size_t>(block, blocks_.size() - 1)]; }
  /// "cpu", or where blocks lie on several devices "cuda:0=0-15,cuda:1=16-31".
  std::string device() const;
  std::string kernels() const;  // "tuned", "aten", or both
  bool is_split() const;
  /// The bytes that each device has to spare (base/memory.h).
  double spare_memory() const;
  /// How many passes are best under way at once: one a thread, where all blocks are the CPU's own; else one a device.
  int passes_at_once(int threads) const;

 private:
  std::vector<std::shared_ptr<const Ops>> blocks_;  // [L]
};

/// How many of consecutive blocks of these sizes each device takes: on as few as have room for them, filled alike.
/// Empty where all of them have none.
std::vector<int> split_blocks(std::span<const double> sizes, std::span<const double> room);

}  // namespace tertium
