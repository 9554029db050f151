#include "tertium/training/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/model/config.h"
#include "tertium/model/torch_error.h"
#include "tertium/training/batches.h"
#include "tertium/training/checkpoint_file.h"
#include "tertium/training/losses.h"
#include "tertium/training/optimizer.h"

namespace tertium {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::vector<std::size_t> sizes_of(const std::vector<LanguagePairs>& languages) {
  std::vector<std::size_t> sizes;
  for (const LanguagePairs& language : languages) sizes.push_back(language.pairs.size());
  return sizes;
}

/// Every pair with the pivot's side of another.
std::vector<LanguagePairs> with_shuffled_pairs(const std::vector<LanguagePairs>& languages, std::uint64_t seed) {
  std::vector<LanguagePairs> shuffled = languages;
  for (LanguagePairs& language : shuffled) {
    const std::vector<TokenPair> right = language.pairs;
    const std::vector<std::size_t> from = derangement(right.size(), stable_hash(seed, {"pairs", language.language}));
    for (std::size_t i = 0; i < right.size(); ++i) language.pairs[i].pivot = right[from[i]].pivot;
  }
  return shuffled;
}

template <class Value>
std::vector<const Value*> chosen(const std::vector<Value>& values, const std::vector<std::size_t>& members) {
  std::vector<const Value*> all;
  for (const std::size_t member : members) all.push_back(&values[member]);
  return all;
}

/// Consecutive ones, `size` at a time.
template <class Value, class Call>
void in_batches(const std::vector<Value>& values, std::size_t size, const Call& call) {
  for (std::size_t first = 0; first < values.size(); first += size) {
    std::vector<const Value*> batch;
    for (std::size_t i = first; i < std::min(first + size, values.size()); ++i) batch.push_back(&values[i]);
    call(batch);
  }
}

class Training {
 public:
  Training(const Model& model, const TrainSpec& spec, const TrainingData& data, const TrainingRun& run,
           const TrainingWatch& watch)
      : model_(model),
        spec_(spec),
        data_(data),
        run_(run),
        watch_(watch),
        languages_(run.method == Method::shuffled_pairs ? with_shuffled_pairs(data.languages, spec.seed)
                                                        : data.languages),
        adapter_(LiveAdapter::fresh(model, spec)),
        runner_(model, adapter_, spec.recompute),
        optimizer_(spec.optimizer, adapter_.parameters()),
        pairs_(sizes_of(languages_), static_cast<std::size_t>(spec.batch), stable_hash(spec.seed, {"alignment"})),
        texts_({std::max<std::size_t>(1, data.texts.size())}, static_cast<std::size_t>(spec.batch),
               stable_hash(spec.seed, {"task"})) {}

  TrainingOutcome run() {
    resume();
    const int end = run_.end > 0 ? std::min(run_.end, spec_.steps) : spec_.steps;
    while (state_.step < end && !has_waited()) {
      if (watch_.stop && watch_.stop()) {
        save();
        return {state_.best_step, /*stopped=*/true};
      }
      step();
      if (state_.step % spec_.evaluate_every != 0 && state_.step != end) continue;
      evaluate();
      save();
    }
    if (!is_patient()) {
      state_.best_step = state_.step;
      write();
    }
    return {state_.best_step, /*stopped=*/false, has_waited()};
  }

  Evaluation measured() {
    Evaluation evaluation{.step = state_.step};
    measure_losses(evaluation);
    for (const LanguagePairs& language : data_.languages) {
      if (language.held_out.size() < 2 || !watch_.mexa) continue;
      evaluation.languages.push_back(language.language);
      std::vector<double>& mexa = evaluation.mexa.emplace_back();
      for (const HeldOutStates& states : held_out_states(language))
        mexa.push_back(watch_.mexa(states, static_cast<std::size_t>(model_.config().hidden)));
    }
    return evaluation;
  }

 private:
  bool has_task() const { return !data_.texts.empty(); }
  /// Baselines take as many steps as what they are compared with.
  bool is_patient() const { return spec_.patience > 0 && run_.end == 0; }
  bool has_waited() const { return is_patient() && state_.waited >= spec_.patience; }

  /// One batch of a step: the task's or the alignment's, in turn.
  void batch(std::size_t number, StepReport& report) {
    const double weight = 1.0 / spec_.accumulate;
    const std::uint64_t dropout = stable_hash(spec_.seed, {"dropout", std::to_string(number)});
    const bool is_task = has_task() && number % 2 == 0;
    const std::size_t turn = has_task() ? number / 2 : number;  // of its kind
    const auto add = [&](double& sum, double loss) { sum = (std::isnan(sum) ? 0 : sum) + loss; };
    if (is_task) {
      add(report.task, runner_.task(chosen(data_.texts, texts_.at(turn).members), weight, dropout));
      ++losses_.first;
    } else if (run_.method != Method::task_only) {
      const BatchOrder::Batch which = pairs_.at(turn);
      add(report.alignment,
          runner_.align(spec_.alignment, chosen(languages_[which.group].pairs, which.members), weight, dropout));
      ++losses_.second;
    }
  }

  void step() {
    StepReport report{state_.step + 1, kNone, kNone, 0, rate_at(spec_.optimizer, state_.step, spec_.steps)};
    optimizer_.forget_gradients();
    losses_ = {0, 0};
    for (int i = 0; i < spec_.accumulate; ++i)
      batch(static_cast<std::size_t>(state_.step) * static_cast<std::size_t>(spec_.accumulate) + static_cast<std::size_t>(i), report);
    if (losses_.first > 0) report.task /= losses_.first;
    if (losses_.second > 0) report.alignment /= losses_.second;
    // A step whose only batches were left out changes nothing, not even the moments.
    if (losses_.first + losses_.second > 0) {
      report.gradient = optimizer_.clip_gradients();
      optimizer_.step(report.rate);
    }
    ++state_.step;
    if (watch_.stepped) watch_.stepped(report);
  }

  /// Held-out states of one language by stream index.
  std::vector<HeldOutStates> held_out_states(const LanguagePairs& language) const {
    const at::AutoGradMode none(false);
    const PlainForward forward(model_, adapter_.addition(false), PlainForward::Products::any);
    std::vector<HeldOutStates> states(model_.config().layers.size() + 1);
    const auto add = [&](const std::vector<std::int32_t>& ids, std::vector<float> HeldOutStates::*side) {
      forward.stream(ids, [&](Site site, const at::Tensor& rows) {
        const bool enters = site == Site{SiteKind::resid_pre, 0};
        if (!enters && site.kind != SiteKind::resid_post) return rows;
        const at::Tensor pooled = sentence_states(rows, std::vector{rows.size(0)}, spec_.alignment.state)[0].contiguous();
        std::vector<float>& all = states[enters ? 0 : static_cast<std::size_t>(site.block) + 1].*side;
        all.insert(all.end(), pooled.const_data_ptr<float>(), pooled.const_data_ptr<float>() + pooled.numel());
        return rows;
      });
    };
    for (const TokenPair& pair : language.held_out) {
      add(pair.x, &HeldOutStates::x);
      add(pair.pivot, &HeldOutStates::pivot);
    }
    return states;
  }

  void measure_losses(Evaluation& evaluation) {
    const auto size = static_cast<std::size_t>(spec_.batch);
    double sum = 0, count = 0;
    for (const LanguagePairs& language : data_.languages)
      in_batches(language.held_out, size, [&](const std::vector<const TokenPair*>& batch) {
        if (batch.size() < 2) return;  // a pair alone has none to be told from
        sum += runner_.align_only(spec_.alignment, batch) * static_cast<double>(batch.size());
        count += static_cast<double>(batch.size());
      });
    if (count > 0) evaluation.alignment = sum / count;
    sum = count = 0;
    in_batches(data_.held_out_texts, size, [&](const std::vector<const TokenText*>& batch) {
      double tokens = 0;
      for (const TokenText* text : batch) tokens += static_cast<double>(text->ids.size()) - text->prompt;
      sum += runner_.task_only(batch) * tokens;
      count += tokens;
    });
    if (count > 0) evaluation.task = sum / count;
  }

  /// What the adapter is to be good by; less is better.
  double judged(const Evaluation& evaluation) const {
    if (run_.method == Method::task_only) return evaluation.task;
    if (!spec_.stop_by_mexa) return evaluation.alignment;
    double sum = 0;
    for (const std::vector<double>& of_language : evaluation.mexa)
      sum -= of_language[static_cast<std::size_t>(spec_.alignment.layer)];
    return evaluation.mexa.empty() ? kNone : sum / static_cast<double>(evaluation.mexa.size());
  }

  /// With patience, the best adapter so far is the one that is written.
  void evaluate() {
    const Evaluation evaluation = measured();
    if (watch_.evaluated) watch_.evaluated(evaluation);
    if (!is_patient()) return;
    const double now = judged(evaluation);
    const bool better = state_.best_step == 0 || now < state_.best;
    state_.waited = better ? 0 : state_.waited + 1;
    if (!better) return;
    state_.best = now;
    state_.best_step = state_.step;
    write();
  }

  std::vector<std::pair<std::string, at::Tensor>> tensors() const {
    std::vector<std::pair<std::string, at::Tensor>> all = adapter_.parameters();
    all.insert(all.end(), optimizer_.moments().begin(), optimizer_.moments().end());
    return all;
  }
  std::filesystem::path checkpoint() const { return run_.folder.string() + ".checkpoint.safetensors"; }

  void save() {
    state_.optimizer_steps = optimizer_.steps();
    write_checkpoint(checkpoint(), run_.fingerprint, state_, tensors());
  }
  void resume() {
    std::error_code problem;
    std::filesystem::create_directories(run_.folder, problem);
    if (problem) fail("{}: cannot be made: {}; give another --out", run_.folder.string(), problem.message());
    if (!is_there(checkpoint())) return;
    state_ = read_checkpoint(checkpoint(), run_.fingerprint, tensors());
    optimizer_.set_steps(state_.optimizer_steps);
  }
  void write() const { adapter_.write(run_.folder, run_.base); }

  const Model& model_;
  const TrainSpec& spec_;
  const TrainingData& data_;
  const TrainingRun& run_;
  const TrainingWatch& watch_;
  const std::vector<LanguagePairs> languages_;
  LiveAdapter adapter_;
  LossRunner runner_;
  AdamW optimizer_;
  BatchOrder pairs_, texts_;
  TrainingState state_;
  std::pair<int, int> losses_;  // of the task and of alignment, in a step
};

}  // namespace

void demand_trainable(const Model& model, const TrainSpec& spec, const TrainingData& data) {
  const int blocks = model.config().block_count();
  if (spec.alignment.layer < 0 || spec.alignment.layer > blocks)
    fail("train.layer: {} is no stream index of this model, which has 0 to {}", spec.alignment.layer, blocks);
  if (spec.alignment.layer == 0)
    fail("train.layer: 0 is the embeddings, which no adapter of a block changes; name one from 1 to {}", blocks);
  for (const LanguagePairs& language : data.languages)
    if (language.pairs.size() < 2)
      fail("train.data: {} pairs of {} remain to train on; at least two must", language.pairs.size(), language.language);
  const LiveAdapter adapter = LiveAdapter::fresh(model, spec);
  if (adapter.first_block() >= spec.alignment.layer)
    fail("train.layer: the first block that is changed is {}, which stream index {} does not see", adapter.first_block(),
         spec.alignment.layer);
}

TrainingSize size_of_training(const Model& model, const TrainSpec& spec, const TrainingData& data) {
  TrainingSize size;
  const LiveAdapter adapter = LiveAdapter::fresh(model, spec);
  for (const auto& [name, values] : adapter.parameters()) size.parameters += values.numel();
  double most = 1;  // rows of a batch
  const auto look = [&](double rows) { most = std::max(most, rows); };
  for (const LanguagePairs& language : data.languages)
    for (const TokenPair& pair : language.pairs) look(static_cast<double>((pair.x.size() + pair.pivot.size()) * static_cast<std::size_t>(spec.batch)));
  for (const TokenText& text : data.texts) look(static_cast<double>(text.ids.size() * static_cast<std::size_t>(spec.batch)));
  const Config& config = model.config();
  const double of_block = 10.0 * config.hidden + 6.0 * config.mlp + 4.0 * config.heads * config.head_dim +
                          2.0 * config.heads * (most / spec.batch);  // numbers that a row keeps
  const double blocks = spec.recompute ? 1 : config.block_count();
  const double streams = spec.recompute ? static_cast<double>(config.block_count()) * config.hidden : 0;
  constexpr double kLogitRows = 64, kLogitCopies = 4;
  size.bytes = 4 * (most * (of_block * blocks + streams) + kLogitRows * kLogitCopies * config.vocabulary +
                    4.0 * static_cast<double>(size.parameters));
  return size;
}

Evaluation evaluation_before(const Model& model, const TrainSpec& spec, const TrainingData& data,
                             const TrainingWatch& watch) {
  const TrainingRun none;
  return with_torch_errors("training", [&] { return Training(model, spec, data, none, watch).measured(); });
}

TrainingOutcome train_adapter(const Model& model, const TrainSpec& spec, const TrainingData& data, const TrainingRun& run,
                              const TrainingWatch& watch) {
  return with_torch_errors(to_string(run.method), [&] {
    demand_trainable(model, spec, data);
    return Training(model, spec, data, run, watch).run();
  });
}

}  // namespace tertium
