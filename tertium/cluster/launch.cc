#include "tertium/cluster/launch.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

using Variable = std::function<const char*(const char*)>;

std::string text(const Variable& variable, const char* name) {
  const char* value = variable(name);
  return value ? value : "";
}

int number(const Variable& variable, const char* name, int lowest, int otherwise = -1) {
  const std::string value = text(variable, name);
  if (value.empty() && otherwise >= 0) return otherwise;
  int number = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (problem != std::errc{} || end != value.data() + value.size() || number < lowest)
    fail("{} is \"{}\" in the environment, no number from {} on; a launcher sets it, so unset it to run alone", name,
         printable(value), lowest);
  return number;
}

/// The variables in which a launcher says who a process is.
struct Launcher {
  const char *rank, *size, *local_size;
};
constexpr Launcher kTorchrun{"RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"},
    kOpenMpi{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"},
    kMpich{"PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS"},
    // A batch script itself has SLURM_PROCID and SLURM_NTASKS, too, but is no task of a step.
    kSrun{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", nullptr};

/// The first number of "2(x3),1": the tasks of the first nodes, which are as many as on any.
int slurm_tasks_of_node(const Variable& variable) {
  const std::string value = text(variable, "SLURM_STEP_TASKS_PER_NODE");
  int count = 1;
  std::from_chars(value.data(), value.data() + value.size(), count);
  return std::max(1, count);
}

std::string name_of(const Variable& variable, const Launcher& launcher) {
  const auto joined = [&](const char* first, const char* second) {
    return text(variable, first) + "." + text(variable, second);
  };
  if (launcher.rank == kTorchrun.rank) return joined("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT");
  if (launcher.rank == kSrun.rank) return joined("SLURM_JOB_ID", "SLURM_STEP_ID");
  return joined("PMIX_NAMESPACE", "PMI_ID");
}

}  // namespace

std::optional<Launch> launch_of(const Variable& variable) {
  for (const Launcher& launcher : {kTorchrun, kOpenMpi, kMpich, kSrun}) {
    if (!variable(launcher.rank) || !variable(launcher.size)) continue;
    Launch launch{.rank = number(variable, launcher.rank, 0), .size = number(variable, launcher.size, 1)};
    if (launch.rank >= launch.size)
      fail("{} is {} but {} is {} in the environment; ranks count from 0", launcher.rank, launch.rank, launcher.size,
           launch.size);
    if (launch.size == 1) return std::nullopt;
    launch.local_size =
        launcher.local_size ? number(variable, launcher.local_size, 1, 1) : slurm_tasks_of_node(variable);
    launch.address = text(variable, "MASTER_ADDR");
    if (!launch.address.empty()) {
      launch.port = number(variable, "MASTER_PORT", 1);
      if (launch.port > std::numeric_limits<std::uint16_t>::max())
        fail("MASTER_PORT is {} in the environment, which is no port", launch.port);
    }
    launch.is_hosted = !launch.address.empty() && text(variable, "TORCHELASTIC_USE_AGENT_STORE") == "True";
    launch.name = name_of(variable, launcher);
    return launch;
  }
  return std::nullopt;
}

int threads_of(const Launch& launch) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  const int all = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  const int own = ::sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : all;
  return std::max(1, own < all ? own : own / launch.local_size);
}

}  // namespace tertium
