#include "tertium/cli/process.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdlib>

namespace tertium {

void wait_passively(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY")) return;
  setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/1);
  execv("/proc/self/exe", argv);  // returns only if it failed, and then the run is merely slower
}

void keep_freed_memory() {
  constexpr int kLargestPiece = 32 << 20;  // glibc takes no more
  constexpr int kLargestRest = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kLargestPiece);
  mallopt(M_TRIM_THRESHOLD, kLargestRest);
}

void give_back_freed_memory() { malloc_trim(0); }

}  // namespace tertium
