#include "tertium/engine/recorder.h"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "tertium/engine/layout.h"
#include "tertium/engine/rows_among.h"
#include "tertium/model/config.h"

namespace tertium {

using at::Tensor;

Recorder::Recorder(const Config& config, std::span<const Job> jobs, const Layout& layout, bool in_pieces,
                   std::vector<JobResult>& results)
    : config_(config), in_pieces_(in_pieces) {
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    results[j].recordings.resize(jobs[j].recordings.size());
    for (std::size_t i = 0; i < jobs[j].recordings.size(); ++i) {
      const Recording& recording = jobs[j].recordings[i];
      std::vector<float>& values = results[j].recordings[i];
      if (recording.quantity == Quantity::resid_mid && !has_site(config_, SiteKind::resid_mid))
        throw std::logic_error("a recording of resid_mid in parallel blocks");
      values.resize(static_cast<std::size_t>(layers_of(config_, recording.quantity)) * recording.rows *
                    width_of(config_, recording.quantity));
      for (int r = 0; r < recording.rows; ++r) add_sinks(jobs[j], layout.packed[j], recording, r, values);
    }
  }
  for (auto& [quantity, sinks] : sinks_)
    std::ranges::stable_sort(sinks, [](const Sink& a, const Sink& b) { return a.row < b.row; });
}

/// Where the r-th row of a recording comes from: before a branch joins, from what it copies.
void Recorder::add_sinks(const Job& job, const std::vector<std::vector<std::int64_t>>& packed,
                         const Recording& recording, int r, std::vector<float>& values) {
  int strand = recording.strand, row = recording.first_row + r, end = layers_of(config_, recording.quantity);
  while (true) {
    const std::optional<Branch>& branch = job.strands[strand].branch;
    const bool copied = branch && recording.quantity != Quantity::final_norm;
    const int first = copied ? std::min(branch->block, end) : 0;
    if (first < end)
      sinks_[recording.quantity].push_back({packed[strand][row], &values, r, recording.rows, first, end});
    if (first == 0) return;
    end = first;
    row += branch->first_row;
    strand = branch->of;
  }
}

std::vector<std::int64_t> Recorder::rows_behind() const {
  std::vector<std::int64_t> rows;
  for (const auto& [quantity, sinks] : sinks_)
    for (const Sink& sink : sinks)
      if (quantity == Quantity::final_norm || (quantity == Quantity::resid && sink.end > config_.block_count()))
        rows.push_back(sink.row);
  return rows;
}

void Recorder::record(Quantity quantity, int layer, std::int64_t first, const Tensor& activations) {
  const auto found = sinks_.find(quantity);
  if (found == sinks_.end()) return;
  Waiting taken{{}, layer, {}};
  for (const Sink& sink : among(std::span(found->second), first, activations.size(0)))
    if (sink.first <= layer && layer < sink.end) taken.sinks.push_back(sink);
  if (taken.sinks.empty()) return;
  const Tensor index = index_of(std::span(taken.sinks), first).to(activations.device());
  taken.rows = activations.index_select(0, index).to(at::kFloat);
  if (!in_pieces_) {
    const Tensor rows = taken.rows.cpu();
    return write(taken.sinks, layer, rows.const_data_ptr<float>(), static_cast<std::size_t>(rows.size(1)));
  }
  constexpr std::int64_t kPiece = 16 << 20;  // numbers
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty() && waiting_.front().rows.device() != taken.rows.device()) send();
  waiting_.push_back(std::move(taken));
  std::int64_t numbers = 0;
  for (const Waiting& each : waiting_) numbers += each.rows.numel();
  if (numbers >= kPiece) send();
}

void Recorder::write(const std::vector<Sink>& sinks, int layer, const float* values, std::size_t width) {
  for (const Sink& sink : sinks) {
    std::memcpy(sink.into->data() + (static_cast<std::size_t>(layer) * sink.count + sink.at) * width, values,
                width * sizeof(float));
    values += width;
  }
}

/// All that waits, as one piece. At most one is on its way.
void Recorder::send() {
  settle();
  std::vector<Tensor> parts;
  for (const Waiting& each : waiting_) parts.push_back(each.rows.flatten());
  arriving_ = at::cat(parts);
  sent_.swap(waiting_);
  const at::Device device = arriving_.device();
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl guard(device.type());
  arrives_ = guard.getStreamFromGlobalPool(device);
  c10::Event made(device.type());
  made.record(guard.getStream(device));
  arrives_->wait(made);
  const Tensor home = at::empty(arriving_.sizes(), at::TensorOptions(at::kFloat).pinned_memory(true));
  const c10::StreamGuard on_own(*arrives_);
  home.copy_(arriving_, /*non_blocking=*/true);
  guard.recordDataPtrOnStream(arriving_.storage().data_ptr(), *arrives_);
  arriving_ = home;
}

void Recorder::settle() {
  if (sent_.empty()) return;
  if (arrives_) arrives_->synchronize();
  const float* values = arriving_.const_data_ptr<float>();
  for (const Waiting& each : sent_) {
    write(each.sinks, each.layer, values, static_cast<std::size_t>(each.rows.size(1)));
    values += each.rows.numel();
  }
  sent_.clear();
}

void Recorder::finish() {
  if (!waiting_.empty()) send();
  settle();
}

}  // namespace tertium
