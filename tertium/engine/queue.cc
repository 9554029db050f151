#include "tertium/engine/queue.h"

#include <ATen/Parallel.h>

#include <atomic>
#include <exception>
#include <mutex>

namespace tertium {
namespace {

/// The first in order of those that failed.
class Failure {
 public:
  void note(std::size_t index, std::exception_ptr what) {
    const std::lock_guard lock(mutex_);
    if (what_ && index_ < index) return;
    index_ = index;
    what_ = std::move(what);
    stop = true;
  }
  void rethrow() const {
    if (what_) std::rethrow_exception(what_);
  }

  std::atomic<bool> stop = false;

 private:
  std::mutex mutex_;
  std::size_t index_ = 0;
  std::exception_ptr what_;
};

}  // namespace

void run_queue(std::size_t count, int threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  Failure failure;
  at::parallel_for(0, threads, 1, [&](std::int64_t, std::int64_t) {
    for (std::size_t i; !failure.stop && (i = next++) < count;) {
      try {
        work(i);
      } catch (...) {
        failure.note(i, std::current_exception());
      }
    }
  });
  failure.rethrow();
}

}  // namespace tertium
