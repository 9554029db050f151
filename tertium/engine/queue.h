#pragma once

#include <cstddef>
#include <functional>

namespace tertium {

/// Calls work(0) to work(count - 1) on some threads at once, each taking the next as it becomes free. Once one throws,
/// none is begun any more; when those under way have ended, the exception of the first in order is thrown, whatever the
/// number of threads.
void run_queue(std::size_t count, int threads, const std::function<void(std::size_t)>& work);

}  // namespace tertium
