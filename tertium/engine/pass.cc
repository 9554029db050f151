#include "tertium/engine/pass.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "tertium/base/item_error.h"
#include "tertium/base/profile.h"
#include "tertium/engine/interventions.h"
#include "tertium/engine/kept_strand.h"
#include "tertium/engine/layout.h"
#include "tertium/engine/readout.h"
#include "tertium/engine/recorder.h"
#include "tertium/model/block.h"
#include "tertium/model/config.h"
#include "tertium/ops/ops.h"

namespace tertium {
namespace {

using at::Tensor;

/// Where a number first is not finite. Of several in one block, the first site's first row.
struct Fault {
  Site site;
  std::int64_t row;  // packed
  auto operator<=>(const Fault&) const = default;
};

/// What to do about it.
const char* remedy(Precision precision) {
  switch (precision) {
    case Precision::f16:
      return "f16 holds no number beyond 65504, so choose dtype f32 or bf16";
    case Precision::bf16:
      return "try dtype f32, or leave the item out";
    default:
      return "fetch the model's files again if that happens often, or leave the item out";
  }
}

/// One run of packed jobs through the blocks.
class Pass {
 public:
  /// `locating`: looks for numbers that are not finite at every site.
  Pass(const Model& model, std::span<const Job> jobs, bool locating = false);
  std::vector<JobResult> run();

 private:
  Tensor enter(int b, const Tensor& all);
  Tensor attend(int b, const Tensor& qkv);
  void tap(Site site, std::int64_t first, const Tensor& activations);
  Tensor speeds_by_length(const Rope& rope) const;
  std::vector<Rotation> rotations() const;
  Tensor embedded() const;
  void move_to(const Ops& ops, Tensor& all, std::vector<Rotation>& rotations);
  Tensor rows_behind() const;
  void look_for_fault(Site site, std::int64_t first, const Tensor& activations);
  void demand_no_fault() const;
  void demand_finite_results() const;
  void demand_positions() const;
  void read(const Tensor& stream);

  const Model& model_;
  const bool locating_;
  const Config& config_;
  std::span<const Job> jobs_;
  Layout layout_;
  AttentionTensors attention_tensors_;  // on the device of the block that runs
  Interventions interventions_;
  Keeper keeper_;
  std::vector<JobResult> results_;
  Recorder recorder_;
  std::mutex looking_;
  std::optional<Fault> fault_;
};

Pass::Pass(const Model& model, std::span<const Job> jobs, bool locating)
    : model_(model),
      locating_(locating),
      config_(model.config()),
      jobs_(jobs),
      layout_(make_layout(jobs, config_.block_count(), /*share=*/!config_.turns_by_length())),
      attention_tensors_{std::vector<TileTensors>(layout_.tiles.size()), {}},
      interventions_(config_, jobs, layout_),
      keeper_(model, jobs, layout_),
      results_(jobs.size()),
      recorder_(config_, jobs, layout_, /*in_pieces=*/!model.ops(0).runs_passes_side_by_side(), results_) {}

/// What enters block b (or, behind the last block, the final norm): branches join, then interventions, then recordings.
/// `all` has room for every row of the pass.
Tensor Pass::enter(int b, const Tensor& all) {
  const std::int64_t before = b > 0 ? layout_.live[b - 1] : 0, joining = layout_.live[b] - before;
  if (b > 0 && joining > 0) {
    const Tensor sources = model_.ops(b).index(std::span(layout_.sources).subspan(before, joining));
    all.narrow(0, before, joining).copy_(all.index_select(0, sources));
  }
  const Tensor stream = all.narrow(0, 0, layout_.live[b]);
  interventions_.apply({SiteKind::resid_pre, b}, 0, stream);
  demand_no_fault();  // of the block before
  look_for_fault({SiteKind::resid_pre, b}, 0, stream);
  demand_no_fault();
  recorder_.record(Quantity::resid, b, 0, stream);
  return stream;
}

/// Rows [q | k | v] of block b, rotated → what each gathered.
Tensor Pass::attend(int b, const Tensor& qkv) {
  keeper_.keep(b, qkv);
  std::vector<PastRows> pasts(layout_.tiles.size());
  for (std::size_t tile = 0; tile < pasts.size(); ++tile)
    for (const Past& past : layout_.pasts[tile]) past->append_rows(b, pasts[tile]);
  return model_.ops(b).attend({.heads = config_.heads,
                               .kv_heads = config_.kv_heads,
                               .head_dim = config_.head_dim,
                               .scale = config_.attention_scale,
                               .softcap = config_.attention_softcap,
                               .alibi = config_.alibi,
                               .window = config_.layers[b].window,
                               .live = layout_.live[b],
                               .tiles = layout_.tiles,
                               .pasts = pasts,
                               .positions = layout_.positions,
                               .tensors = &attention_tensors_},
                              qkv);
}

/// Called by several threads, each with rows of its own.
void Pass::tap(Site site, std::int64_t first, const Tensor& activations) {
  interventions_.apply(site, first, activations);
  look_for_fault(site, first, activations);
  recorder_.record(quantity_of(site.kind), site.block, first, activations);
}

/// Whose rotations depend on a sequence's length: the speeds of every row's pairs, [R, rotated / 2].
Tensor Pass::speeds_by_length(const Rope& rope) const {
  std::map<int, std::vector<std::int64_t>> rows_of;  // by length
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    for (std::size_t s = 0; s < jobs_[j].strands.size(); ++s) {
      const auto [shortest, longest] = layout_.lengths[j][s];
      if (longest > rope.original_context && shortest != longest &&
          inverse_frequencies(rope, shortest) != inverse_frequencies(rope, longest))
        fail(
            "{}: shares positions between sequences of {} and {}, but beyond {} positions this model's rope turns all "
            "of them by the sequence's length; shorten the item, leave it out, or use the letters protocol",
            jobs_[j].name, shortest, longest, rope.original_context);
      const Past& past = past_of(jobs_[j], static_cast<int>(s));
      if (past && inverse_frequencies(rope, past->length()) != inverse_frequencies(rope, longest))
        throw std::logic_error("a strand that turns what it hangs on by another length: " + jobs_[j].name);
      for (int r = 0; r < jobs_[j].strands[s].rows(); ++r)
        rows_of[longest].push_back(layout_.row(j, static_cast<int>(s), r));
    }
  }
  Tensor speeds = at::empty({layout_.rows(), rope.rotated / 2}, at::kFloat);
  for (const auto& [length, rows] : rows_of)
    speeds.index_copy_(
        0, at::tensor(rows),
        at::tensor(inverse_frequencies(rope, length)).expand({static_cast<std::int64_t>(rows.size()), -1}));
  return speeds;
}

/// Per rope, the rotation of every row of the pass; on the CPU.
std::vector<Rotation> Pass::rotations() const {
  const Tensor positions = at::tensor(layout_.positions).to(at::kFloat).unsqueeze(1);  // [R, 1]
  std::vector<Rotation> all;
  for (const Rope& rope : config_.ropes) {
    const Tensor speeds = rope.depends_on_length() ? speeds_by_length(rope) : at::tensor(inverse_frequencies(rope, 0));
    const Tensor angles = positions * speeds;  // [R, rotated / 2]
    all.push_back({angles.cos() * rope.attention_factor, angles.sin() * rope.attention_factor, rope.interleaved});
  }
  return all;
}

/// The rows whose stream behind the last block is asked for, ascending: the last block need not go through with others.
/// Undefined where it is to: they are most of them, or its halves are looked at.
Tensor Pass::rows_behind() const {
  const int blocks = config_.block_count(), last = blocks - 1;
  constexpr SiteKind kHalves[] = {SiteKind::attn_out, SiteKind::resid_mid, SiteKind::mlp_out};
  for (const SiteKind kind : kHalves)
    if (locating_ || interventions_.any_at({kind, last}) || recorder_.records(quantity_of(kind))) return {};
  std::vector<std::int64_t> rows = recorder_.rows_behind();
  rows.insert(rows.end(), layout_.sources.begin() + layout_.live[last], layout_.sources.begin() + layout_.live[blocks]);
  for (std::size_t j = 0; j < jobs_.size(); ++j)
    for (const Reading& reading : jobs_[j].readings) rows.push_back(layout_.row(j, reading.strand, reading.row));
  std::erase_if(rows, [&](std::int64_t row) { return row >= layout_.live[last]; });
  std::ranges::sort(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  constexpr double kMost = 0.8;  // from here on picking them costs more than it saves
  if (static_cast<double>(rows.size()) > kMost * static_cast<double>(layout_.live[last])) return {};
  return model_.last_ops().index(rows);
}

/// Called by several threads, each with rows of its own.
void Pass::look_for_fault(Site site, std::int64_t first, const Tensor& activations) {
  if (!locating_) return;
  const Tensor bad = activations.isfinite().all(1).logical_not().nonzero();
  if (bad.size(0) == 0) return;
  const Fault fault{site, first + bad[0][0].item<std::int64_t>()};
  const std::lock_guard lock(looking_);
  if (!fault_ || fault < *fault_) fault_ = fault;
}

/// Throws Error naming job and block if a number is NaN or infinite.
void Pass::demand_no_fault() const {
  if (!fault_) return;
  const auto& [site, row] = *fault_;
  const std::string& job = jobs_[layout_.owners[row]].name;
  if (site == Site{SiteKind::resid_pre, 0})
    fail_item("{}: the model's embeddings are NaN or infinite; {}", job, remedy(model_.precision()));
  const bool behind = site.kind == SiteKind::resid_pre;  // the sum of what the block before added
  const Site named = behind ? Site{SiteKind::resid_post, site.block - 1} : site;
  fail_item("{}: in block {}, {} is NaN or infinite ({}); {}", job, named.block, to_string(named),
            info(named.kind).meaning, remedy(model_.precision()));
}

/// Throws Error naming the job: the final norm and the head come behind all blocks.
void Pass::demand_finite_results() const {
  const auto demand = [&](const Job& job, const std::vector<float>& values) {
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
      fail_item("{}: behind the last block, in the final norm or the output head, numbers become NaN or infinite; {}",
                job.name, remedy(model_.precision()));
  };
  for (std::size_t j = 0; j < jobs_.size(); ++j) {
    for (const std::vector<float>& values : results_[j].readings) demand(jobs_[j], values);
    for (std::size_t i = 0; i < jobs_[j].recordings.size(); ++i)
      if (jobs_[j].recordings[i].quantity == Quantity::final_norm) demand(jobs_[j], results_[j].recordings[i]);
  }
}

void Pass::demand_positions() const {
  if (!model_.weights().positions.defined()) return;
  for (std::int64_t row = 0; row < layout_.rows(); ++row)
    if (layout_.positions[row] >= model_.weights().positions.size(0))
      fail("{}: longer than the {} positions that the model knows; shorten the item or leave it out",
           jobs_[layout_.owners[row]].name, model_.weights().positions.size(0));
}

/// The rows that enter block 0, with room for those that join later.
Tensor Pass::embedded() const {
  const Ops& ops = model_.ops(0);
  const Tensor ids = ops.index(layout_.tokens);
  const Tensor positions = ops.index(std::span(layout_.positions).first(layout_.tokens.size()));
  Tensor all = at::empty({layout_.rows(), config_.hidden}, at::TensorOptions(at::kFloat).device(ops.device()));
  all.narrow(0, 0, layout_.live[0]).copy_(embed(model_, ids, positions));
  return all;
}

/// To the device of the next block, where it is another than that of the last.
void Pass::move_to(const Ops& ops, Tensor& all, std::vector<Rotation>& rotations) {
  if (all.device() != ops.device()) attention_tensors_ = {std::vector<TileTensors>(layout_.tiles.size()), {}};
  all = ops.here(all);
  for (Rotation& rotation : rotations) rotation.cos = ops.here(rotation.cos), rotation.sin = ops.here(rotation.sin);
}

std::vector<JobResult> Pass::run() {
  demand_positions();
  std::vector<Rotation> rotation_of = rotations();
  Tensor all = embedded();
  for (int b = 0; b < config_.block_count(); ++b) {
    move_to(model_.ops(b), all, rotation_of);
    const Tensor stream = enter(b, all);
    const int rope = config_.layers[b].rope;
    run_block(
        model_, b, stream, rope == Layer::kNoRope ? Rotation() : rotation_of[rope],
        [&](int block, const Tensor& qkv) { return attend(block, qkv); },
        [&](Site site, std::int64_t first, const Tensor& activations) { tap(site, first, activations); },
        b == config_.block_count() - 1 ? rows_behind() : Tensor());
  }
  const Tensor stream = enter(config_.block_count(), all);
  // What is not finite stays so through the blocks (row_kernels.h). Where it arose is asked only then, in a second run.
  if (!locating_ && !std::isfinite(stream.sum().item<float>())) Pass(model_, jobs_, /*locating=*/true).run();
  read(stream);
  interventions_.demand_all_fired();
  for (std::size_t j = 0; j < jobs_.size(); ++j)
    for (const int strand : jobs_[j].kept) results_[j].kept.push_back(keeper_.kept(j, strand));
  return std::move(results_);
}

void Pass::read(const Tensor& stream) {
  const Timed timed(Phase::readout);
  if (recorder_.records(Quantity::final_norm)) recorder_.record(Quantity::final_norm, 0, 0, final_norm(model_, stream));
  read_all(model_, stream, jobs_, layout_, results_);
  recorder_.finish();
  demand_finite_results();
}

}  // namespace

std::vector<JobResult> run_pass(const Model& model, std::span<const Job> jobs) {
  const c10::InferenceMode no_autograd;
  return Pass(model, jobs).run();
}

}  // namespace tertium
