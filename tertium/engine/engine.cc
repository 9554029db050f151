#include "tertium/engine/engine.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <mutex>

#include "tertium/engine/layout.h"
#include "tertium/engine/pass.h"
#include "tertium/engine/queue.h"
#include "tertium/model/config.h"
#include "tertium/model/sizes.h"
#include "tertium/model/torch_error.h"
#include "tertium/model/weights.h"
#include "tertium/ops/ops.h"

namespace tertium {

namespace {

/// Every id of every job; before anything runs, since not every caller has asked earlier.
void demand_all_embedded(std::span<const Job> jobs, int vocabulary) {
  for (const Job& job : jobs) {
    for (const Strand& strand : job.strands)
      for (const std::int32_t id : strand.tokens) demand_embedded(id, vocabulary, job.name);
    for (const Reading& reading : job.readings)
      for (const std::int32_t id : reading.tokens) demand_embedded(id, vocabulary, job.name);
  }
}

/// Consecutive jobs that run in one pass.
struct Batch {
  std::size_t first, count;
  std::int64_t rows;
};

/// Cuts jobs into passes of about `rows` rows.
std::vector<Batch> cut(std::span<const Job> jobs, std::int64_t rows) {
  std::vector<Batch> batches;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const Job* before = j > 0 ? &jobs[j - 1] : nullptr;
    if (const int more = rows_to_compute(before, jobs[j]); !batches.empty() && batches.back().rows + more <= rows) {
      ++batches.back().count;
      batches.back().rows += more;
    } else {
      batches.push_back({j, 1, rows_to_compute(nullptr, jobs[j])});
    }
  }
  return batches;
}

std::int64_t rows_of(const std::vector<Batch>& batches) {
  std::int64_t rows = 0;
  for (const Batch& batch : batches) rows += batch.rows;
  return rows;
}

/// Rows of the thread that has most to do, where each takes the next batch as it becomes free.
std::int64_t longest_share(const std::vector<Batch>& batches, int threads) {
  std::vector<std::int64_t> shares(threads);
  for (const Batch& batch : batches) *std::min_element(shares.begin(), shares.end()) += batch.rows;
  return *std::max_element(shares.begin(), shares.end());
}

/// Hands results on in the jobs' order, whatever the order in which batches end; one thread at a time.
class InOrder {
 public:
  InOrder(const std::vector<Batch>& batches, const Engine::Done& done, const Engine::JobsDone& progress)
      : batches_(batches), done_(done), progress_(progress) {}

  void take(std::size_t batch, std::vector<JobResult> results) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(batch, std::move(results));
    for (; !waiting_.empty() && waiting_.begin()->first == next_; ++next_) {
      const auto node = waiting_.extract(waiting_.begin());
      const Batch& ended = batches_[next_];
      for (std::size_t i = 0; i < ended.count; ++i) done_(ended.first + i, std::move(node.mapped()[i]));
      if (progress_) progress_(ended.first + ended.count);
    }
  }

 private:
  const std::vector<Batch>& batches_;
  const Engine::Done& done_;
  const Engine::JobsDone& progress_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::map<std::size_t, std::vector<JobResult>> waiting_;
};

}  // namespace

void Engine::run(std::span<const Job> jobs, const Done& done, const JobsDone& progress) const {
  demand_all_embedded(jobs, model_.config().vocabulary);
  const int threads = model_.passes_at_once(at::get_num_threads());
  std::vector<Batch> batches = cut(jobs, batch_rows(jobs));
  // As many passes to each thread, of the same size. Fewer rows wait for the weights, which then are read but once.
  constexpr std::int64_t kFewRows = 96;
  const auto count = static_cast<std::int64_t>(batches.size()), even = (count + threads - 1) / threads * threads;
  if (rows_of(batches) > kFewRows) batches = cut(jobs, rows_of(batches) / std::max<std::int64_t>(1, even) + 1);

  InOrder in_order(batches, done, progress);
  const auto run_batch = [&](std::size_t b) {
    in_order.take(b, pass(jobs.subspan(batches[b].first, batches[b].count)));
  };
  // A pass on one thread waits for nobody. Where threads would end too unevenly, all of them share each pass.
  constexpr double kUneven = 1.2;
  if (static_cast<double>(longest_share(batches, threads)) * threads >
      kUneven * static_cast<double>(rows_of(batches))) {
    for (std::size_t b = 0; b < batches.size(); ++b) run_batch(b);
    return;
  }
  run_queue(batches.size(), threads, run_batch);
}

void Engine::run(std::vector<Job> jobs, Beginnings& beginnings, const std::function<bool(std::size_t)>& keeps,
                 const Done& done, const JobsDone& progress) const {
  if (model_.config().turns_by_length()) return run(jobs, done, progress);
  if (std::vector<std::int32_t> common = beginnings.new_common(jobs); !common.empty()) {
    JobResult result = run(Job{.name = jobs.front().name, .strands = {{.tokens = common}}, .kept = {0}});
    beginnings.keep_common(std::move(common), std::move(result.kept.front()));
  }
  std::vector<std::vector<std::int32_t>> new_prompts(jobs.size());
  const auto of_row = static_cast<double>(kept_bytes_of_row(model_));
  double room = keeps ? model_.spare_memory() : 0;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    std::vector<std::int32_t> prompt;
    if (keeps && keeps(j) && beginnings.is_new(jobs[j])) prompt = jobs[j].strands.front().tokens;
    beginnings.hang(jobs[j]);
    if (prompt.empty()) continue;
    room -= of_row * jobs[j].strands.front().rows();
    if (room < 0) continue;
    jobs[j].kept.push_back(0);
    new_prompts[j] = std::move(prompt);
  }
  const auto keep_and_tell = [&](std::size_t j, JobResult result) {
    if (!new_prompts[j].empty()) {
      beginnings.keep(std::move(new_prompts[j]), std::move(result.kept.back()));
      result.kept.pop_back();
    }
    done(j, std::move(result));
  };
  run(jobs, keep_and_tell, progress);
}

std::vector<JobResult> Engine::pass(std::span<const Job> jobs) const {
  const std::string first = jobs.front().name.empty() ? "running" : jobs.front().name;
  return with_torch_errors(first, [&] { return run_pass(model_, jobs); });
}

std::int64_t Engine::batch_rows(std::span<const Job> jobs) const {
  if (options_.batch_rows > 0) return options_.batch_rows;
  constexpr std::int64_t kBusy = 2048;         // rows; from here on products are as fast as they get
  constexpr std::int64_t kMemory = 256 << 20;  // bytes of activations
  constexpr std::int64_t kTimesShared = 8;     // every pass computes the shared beginning once
  std::int64_t shared = 0;
  for (std::size_t j = 1; j < jobs.size(); ++j)
    shared = std::max<std::int64_t>(shared, jobs[j].rows() - rows_to_compute(&jobs[j - 1], jobs[j]));
  const Config& config = model_.config();
  // In f32: the stream and what a half of a block adds to it, q, k, v and what was gathered.
  const std::int64_t of_row = 4 * (3 * config.hidden + 2 * (config.heads + config.kv_heads) * config.head_dim);
  return std::clamp(kTimesShared * shared, std::min(kBusy, kMemory / of_row), kMemory / of_row);
}

JobResult Engine::run(const Job& job) const {
  demand_all_embedded({&job, 1}, model_.config().vocabulary);
  return std::move(pass({&job, 1}).front());
}

void set_threads(int threads) {
  if (threads > 0) at::set_num_threads(threads);
}

int threads() { return at::get_num_threads(); }

std::string libtorch_version() { return TORCH_VERSION; }

double product_rate(const Model& model, int rows, int in, int out) {
  const c10::InferenceMode no_autograd;
  const Ops& ops = model.last_ops();
  const at::ScalarType type = scalar_type(model.precision());
  // In f32, too, numbers as most files hold them.
  const at::Tensor x = ops.here(at::randn({rows, in})), rounded = x.to(type),
                   stored = at::randn({out, in}).to(type == at::kFloat ? at::kBFloat16 : type),
                   weight = ops.here(stored.to(type));
  const Linear own{ops.matrix({stored}, type), {}};
  constexpr int kRounds = 8;
  double best = std::numeric_limits<double>::infinity();
  const auto time = [&](const auto& product) {
    const auto start = std::chrono::steady_clock::now();
    product()[0][0].template item<float>();  // waits for a device
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  };
  for (int round = 0; round < kRounds; ++round) {
    time([&] { return at::linear(rounded, weight); });
    time([&] { return ops.project(x, {&own, 1}); });
  }
  return 2.0 * rows * in * out / best / 1e9;
}

}  // namespace tertium
