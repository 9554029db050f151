#pragma once

#include "tertium/engine/engine.h"

namespace tertium::test {

/// While it lives, LibTorch uses one thread. Thousands of runs of a tiny model take a hundredth of the time then, where
/// the cores are busy with other tests.
class OneThread {
 public:
  OneThread() { set_threads(1); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread() { set_threads(before_); }

 private:
  const int before_ = threads();
};

}  // namespace tertium::test
