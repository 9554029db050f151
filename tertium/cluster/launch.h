#pragma once

#include <functional>
#include <optional>
#include <string>

namespace tertium {

/// What a launcher says to each process of a run that it started several times.
struct Launch {
  int rank = 0, size = 1;
  int local_size = 1;   // of them on this host
  std::string address;  // where units are handed out; empty: rank 0 leaves it in a file
  int port = 0;
  bool is_hosted = false;  // by the launcher: rank 0 need not
  std::string name;        // which launch it is, as far as the launcher tells
};

/// Of torchrun (or whoever sets RANK and WORLD_SIZE), Open MPI's and MPICH's mpirun, and srun; absent where a process
/// is alone. `variable` is as std::getenv. Throws Error naming a variable that is no number.
std::optional<Launch> launch_of(const std::function<const char*(const char*)>& variable);

/// As many threads as this process has cores: those that the launcher bound it to, or else its part of the host's.
int threads_of(const Launch& launch);

}  // namespace tertium
