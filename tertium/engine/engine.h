#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tertium/engine/beginnings.h"
#include "tertium/engine/strand.h"
#include "tertium/model/model.h"

namespace tertium {

struct EngineOptions {
  /// Rows packed into one pass of one thread, unless a single job has more. 0: as many as keep the CPU busy and memory
  /// small, and more where jobs share a long beginning.
  int batch_rows = 0;
};

/// Runs strands through a model. Rows of many jobs are packed into each matrix product; results do not depend on the
/// packing but for rounding.
class Engine {
 public:
  explicit Engine(Model model, EngineOptions options = {}) : model_(std::move(model)), options_(options) {}

  const Model& model() const { return model_; }

  /// Runs all jobs and calls `done(job index, result)` for each, in order, and `progress(jobs done)` after every pass.
  /// Throws Error naming the job before any pass if the model has no embedding for one of its ids, and, beginning no
  /// further pass, if a state is not finite or memory does not suffice;
  /// std::logic_error for a malformed job (our bug): rows out of range, an edit that did not fire.
  using Done = std::function<void(std::size_t job, JobResult result)>;
  using JobsDone = std::function<void(std::size_t jobs)>;
  void run(std::span<const Job> jobs, const Done& done, const JobsDone& progress = {}) const;

  /// The same; rows that are known from earlier runs are not computed again, nor what all jobs begin with in each pass.
  /// `keeps`: the jobs whose prompts later runs begin with. They are kept where memory allows.
  void run(std::vector<Job> jobs, Beginnings& beginnings, const std::function<bool(std::size_t job)>& keeps,
           const Done& done, const JobsDone& progress = {}) const;

  /// One job.
  JobResult run(const Job& job) const;

 private:
  std::int64_t batch_rows(std::span<const Job> jobs) const;
  std::vector<JobResult> pass(std::span<const Job> jobs) const;

  Model model_;
  EngineOptions options_;
};

/// Bytes that keys and values of one row take where they are kept.
std::size_t kept_bytes_of_row(const Model& model);

/// The number of threads that matrix products use; 0 leaves LibTorch's own choice. For the whole process.
void set_threads(int threads);
int threads();

std::string libtorch_version();

/// GF/s that a product alone reaches just now where a model runs, `rows` x `in` times `in` x `out`: LibTorch's linear
/// or the model's own, whichever is faster, the best of some.
double product_rate(const Model& model, int rows, int in, int out);

}  // namespace tertium
