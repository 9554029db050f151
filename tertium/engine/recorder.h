#pragma once

#include <ATen/ATen.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

struct Layout;

/// Takes what the jobs of a pass record.
class Recorder {
 public:
  /// `results` get room for all of it. `in_pieces`: rows stay where they are until there are many, and come back
  /// together, on a device's stream of their own while it goes on; else they are copied at once.
  Recorder(const Config& config, std::span<const Job> jobs, const Layout& layout, bool in_pieces,
           std::vector<JobResult>& results);

  bool records(Quantity quantity) const { return sinks_.contains(quantity); }
  /// The packed rows that are recorded behind the last block, or behind the final norm.
  std::vector<std::int64_t> rows_behind() const;

  /// Takes what is wanted of the pass's rows from `first` on. Called by several threads, each with rows of its own.
  void record(Quantity quantity, int layer, std::int64_t first, const at::Tensor& activations);
  /// From here on the results hold all that was recorded.
  void finish();

 private:
  /// Where a recorded row is to be written.
  struct Sink {
    std::int64_t row;  // packed
    std::vector<float>* into;
    int at, count;   // of the recording's rows
    int first, end;  // layers at which this row is the one to record
  };
  /// Recorded rows that are not yet written.
  struct Waiting {
    std::vector<Sink> sinks;  // one a row
    int layer;
    at::Tensor rows;  // [rows, width] in f32
  };

  void add_sinks(const Job& job, const std::vector<std::vector<std::int64_t>>& packed, const Recording& recording,
                 int r, std::vector<float>& values);
  static void write(const std::vector<Sink>& sinks, int layer, const float* values, std::size_t width);
  void send();
  void settle();

  const Config& config_;
  const bool in_pieces_;
  std::map<Quantity, std::vector<Sink>> sinks_;  // in the order of their rows
  std::mutex mutex_;
  std::vector<Waiting> waiting_, sent_;  // of one device each
  at::Tensor arriving_;                  // the numbers of all that were sent, on the CPU …
  std::optional<c10::Stream> arrives_;   // … once this stream has ended; without one, they are there
};

}  // namespace tertium
