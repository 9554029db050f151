#include "tertium/engine/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tertium/engine/engine.h"

namespace tertium {
namespace {

constexpr std::size_t kCount = 1000;

class Queue : public testing::Test {
 protected:
  Queue() { set_threads(kThreads); }
  ~Queue() override { set_threads(before_); }
  static constexpr int kThreads = 2;

 private:
  const int before_ = threads();
};

TEST_F(Queue, DoesEverythingOnce) {
  std::vector<std::atomic<int>> done(kCount);
  run_queue(kCount, kThreads, [&](std::size_t i) { ++done[i]; });
  for (std::size_t i = 0; i < kCount; ++i) EXPECT_EQ(done[i], 1) << i;
}

TEST_F(Queue, BeginsNothingAfterAnError) {
  constexpr std::size_t kBad = 10;
  std::atomic<std::size_t> begun = 0;
  EXPECT_THROW(run_queue(kCount, kThreads,
                         [&](std::size_t i) {
                           ++begun;
                           std::this_thread::sleep_for(std::chrono::microseconds(100));
                           if (i == kBad) throw std::runtime_error("bad");
                         }),
               std::runtime_error);
  EXPECT_LT(begun, kCount / 2) << "the other thread drained the queue";
}

TEST_F(Queue, ThrowsTheFirstErrorInOrderWhicheverCameFirst) {
  std::latch second_failed(1);
  try {
    run_queue(kCount, kThreads, [&](std::size_t i) {
      if (i == 0) second_failed.wait();
      const std::runtime_error error(std::to_string(i));
      struct Count {
        std::latch& latch;
        bool counts;
        ~Count() {
          if (counts) latch.count_down();
        }
      } const count{second_failed, i == 1};
      throw error;
    });
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()), "0");
  }
}

}  // namespace
}  // namespace tertium
