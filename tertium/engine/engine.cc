#include "tertium/engine/engine.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/headeronly/version.h>

#include <chrono>
#include <limits>

#include "tertium/engine/pass.h"
#include "tertium/model/weights.h"

namespace tertium {

void Engine::run(std::span<const Job> jobs, const std::function<void(std::size_t, JobResult)>& done,
                 const std::function<void(std::size_t)>& progress) const {
  for (std::size_t first = 0; first < jobs.size();) {
    std::size_t count = 1;
    int rows = jobs[first].rows();
    while (first + count < jobs.size() && rows + jobs[first + count].rows() <= options_.batch_rows)
      rows += jobs[first + count++].rows();
    std::vector<JobResult> results = run_pass(model_, jobs.subspan(first, count));
    for (std::size_t i = 0; i < count; ++i) done(first + i, std::move(results[i]));
    first += count;
    if (progress) progress(first);
  }
}

JobResult Engine::run(const Job& job) const { return std::move(run_pass(model_, {&job, 1}).front()); }

void set_threads(int threads) {
  if (threads > 0) at::set_num_threads(threads);
}

int threads() { return at::get_num_threads(); }

std::string libtorch_version() { return TORCH_VERSION; }

double linear_rate(Precision precision, int rows, int in, int out) {
  const c10::InferenceMode no_autograd;
  const at::Tensor x = at::randn({rows, in}).to(scalar_type(precision)),
                   weight = at::randn({out, in}).to(scalar_type(precision));
  constexpr int kRounds = 8;
  double best = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    at::linear(x, weight);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 2.0 * rows * in * out / best / 1e9;
}

}  // namespace tertium
