#include "tertium/engine/pass.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <stdexcept>

#include "tertium/engine/attention.h"
#include "tertium/engine/layout.h"
#include "tertium/engine/readout.h"
#include "tertium/model/block.h"

namespace tertium {
namespace {

using at::Tensor;

/// The stream between two blocks belongs to the later one: resid_post@b is resid_pre@(b + 1), also behind the last
/// block.
Site canonical(Site site) {
  return site.kind == SiteKind::resid_post ? Site{SiteKind::resid_pre, site.block + 1} : site;
}

/// All edits at one site of a pass.
struct SiteEdits {
  std::vector<std::int64_t> rows;
  std::vector<float> values;  // [rows, D]
  bool fired = false;
};

/// All recordings of one quantity in a pass: which packed rows, and where each is to be written.
struct QuantityRecordings {
  struct Sink {
    std::vector<float>* into;
    int row, rows;  // of the recording
  };
  std::vector<std::int64_t> rows;
  std::vector<Sink> sinks;
};

/// One run of packed jobs through the blocks.
class Pass {
 public:
  Pass(const Model& model, std::span<const Job> jobs);
  std::vector<JobResult> run();

 private:
  void collect_edits();
  void collect_recordings();
  Tensor enter(int b, const Tensor& stream);
  Tensor edited(Site site, Tensor activations);
  void record(Quantity quantity, int layer, const Tensor& activations);
  Tensor tap(Site site, Tensor activations);
  std::vector<Rotation> rotations() const;
  void read(const Tensor& stream);

  const Config& config_;
  const Weights& weights_;
  std::span<const Job> jobs_;
  Layout layout_;
  TiledAttention attention_;
  std::map<Site, SiteEdits> edits_;
  std::map<Quantity, QuantityRecordings> recordings_;
  std::vector<JobResult> results_;
};

Pass::Pass(const Model& model, std::span<const Job> jobs)
    : config_(model.config()),
      weights_(model.weights()),
      jobs_(jobs),
      layout_(make_layout(jobs, config_.block_count())),
      attention_(config_, layout_, scalar_type(model.precision())),
      results_(jobs.size()) {
  collect_edits();
  collect_recordings();
}

void Pass::collect_edits() {
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    for (const Edit& edit : jobs_[j].edits) {
      if (edit.value.size() != static_cast<std::size_t>(config_.hidden))
        throw std::logic_error("an edit of another width than the stream");
      SiteEdits& at_site = edits_[canonical(edit.site)];
      at_site.rows.push_back(layout_.row(j, edit.strand, edit.row));
      at_site.values.insert(at_site.values.end(), edit.value.begin(), edit.value.end());
    }
  }
}

void Pass::collect_recordings() {
  const std::size_t blocks = config_.layers.size();
  const std::map<Quantity, std::size_t> layers = {{Quantity::resid, blocks + 1},
                                                  {Quantity::attn_out, blocks},
                                                  {Quantity::mlp_out, blocks},
                                                  {Quantity::final_norm, 1}};
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    results_[j].recordings.resize(jobs_[j].recordings.size());
    for (std::size_t i = 0; i < jobs_[j].recordings.size(); ++i) {
      const Recording& recording = jobs_[j].recordings[i];
      std::vector<float>& values = results_[j].recordings[i];
      values.resize(layers.at(recording.quantity) * recording.rows * config_.hidden);
      QuantityRecordings& all = recordings_[recording.quantity];
      for (int r = 0; r < recording.rows; ++r) {
        all.rows.push_back(layout_.row(j, recording.strand, recording.first_row + r));
        all.sinks.push_back({&values, r, recording.rows});
      }
    }
  }
}

/// What enters block b (or, behind the last block, the final norm): branches join, then edits, then recordings.
Tensor Pass::enter(int b, const Tensor& stream) {
  Tensor entering = stream;
  const std::int64_t before = stream.size(0), joining = layout_.live[b] - before;
  if (joining > 0) {
    const Tensor sources = at::tensor(at::IntArrayRef(layout_.sources.data() + before, joining));
    entering = at::cat({stream, stream.index_select(0, sources)});
  }
  entering = edited({SiteKind::resid_pre, b}, entering);
  record(Quantity::resid, b, entering);
  return entering;
}

Tensor Pass::edited(Site site, Tensor activations) {
  const auto found = edits_.find(site);
  if (found == edits_.end()) return activations;
  SiteEdits& edits = found->second;
  const auto count = static_cast<std::int64_t>(edits.rows.size());
  const Tensor values = at::from_blob(edits.values.data(), {count, config_.hidden}, at::kFloat);
  edits.fired = true;
  return activations.index_copy(0, at::tensor(edits.rows), values);
}

void Pass::record(Quantity quantity, int layer, const Tensor& activations) {
  const auto found = recordings_.find(quantity);
  if (found == recordings_.end()) return;
  const Tensor rows = activations.index_select(0, at::tensor(found->second.rows)).contiguous();
  const float* values = rows.data_ptr<float>();
  for (const auto& [into, row, row_count] : found->second.sinks) {
    std::memcpy(into->data() + (static_cast<std::size_t>(layer) * row_count + row) * config_.hidden, values,
                config_.hidden * sizeof(float));
    values += config_.hidden;
  }
}

Tensor Pass::tap(Site site, Tensor activations) {
  activations = edited(site, std::move(activations));
  if (site.kind == SiteKind::attn_out) record(Quantity::attn_out, site.block, activations);
  if (site.kind == SiteKind::mlp_out) record(Quantity::mlp_out, site.block, activations);
  return activations;
}

/// Per rope, the rotation of every row of the pass.
std::vector<Rotation> Pass::rotations() const {
  const Tensor positions = at::tensor(layout_.positions).to(at::kFloat).unsqueeze(1);  // [R, 1]
  std::vector<Rotation> all;
  for (const Tensor& frequencies : weights_.frequencies) {
    const Tensor angles = (positions * frequencies).unsqueeze(1);  // [R, 1, head_dim / 2]
    all.push_back({angles.cos(), angles.sin()});
  }
  return all;
}

std::vector<JobResult> Pass::run() {
  const std::vector<Rotation> rotation_of = rotations();
  Tensor stream = embed(config_, weights_, at::tensor(layout_.tokens));
  for (int b = 0; b < config_.block_count(); ++b) {
    stream = enter(b, stream);
    const Rotation& rotation = rotation_of[config_.layers[b].rope];
    const Rotation live = {rotation.cos.narrow(0, 0, stream.size(0)), rotation.sin.narrow(0, 0, stream.size(0))};
    stream = run_block(
        config_, weights_, b, stream, live,
        [&](int block, const Tensor& q, const Tensor& k, const Tensor& v) { return attention_(block, q, k, v); },
        [&](Site site, Tensor activations) { return tap(site, std::move(activations)); });
  }
  stream = enter(config_.block_count(), stream);
  read(stream);
  for (const auto& [site, edits] : edits_)
    if (!edits.fired) throw std::logic_error("an edit did not fire: " + to_string(site));
  return std::move(results_);
}

void Pass::read(const Tensor& stream) {
  if (recordings_.contains(Quantity::final_norm))
    record(Quantity::final_norm, 0, final_norm(config_, weights_, stream));
  read_all(config_, weights_, stream, jobs_, layout_, results_);
}

}  // namespace

std::vector<JobResult> run_pass(const Model& model, std::span<const Job> jobs) {
  const c10::InferenceMode no_autograd;
  return Pass(model, jobs).run();
}

}  // namespace tertium
