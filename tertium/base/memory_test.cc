#include "tertium/base/memory.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

/// A system whose files say what is put into them.
using MemoryTest = test::FolderTest;

TEST_F(MemoryTest, IsTheMachinesWhereNothingLimitsIt) {
  temporary.write("proc/meminfo", "MemTotal:  1000 kB\nMemFree: 10 kB\nMemAvailable:  600 kB\n");
  const Memory memory = memory_told_by(folder);
  EXPECT_EQ(memory.total, 1000 * 1024);
  EXPECT_EQ(memory.free, 600 * 1024);
  EXPECT_EQ(memory.spare(), 100 * 1024);
}

TEST_F(MemoryTest, IsWhatTheGroupsAboveLeave) {
  temporary.write("proc/meminfo", "MemTotal:  1000 kB\nMemAvailable:  600 kB\n");
  temporary.write("proc/self/cgroup", "0::/job/step\n");
  temporary.write("sys/fs/cgroup/job/step/memory.max", "max\n");
  temporary.write("sys/fs/cgroup/job/step/memory.current", "5000\n");
  temporary.write("sys/fs/cgroup/job/memory.max", "400000\n");
  temporary.write("sys/fs/cgroup/job/memory.current", "300000\n");
  temporary.write("sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 50000\n");
  const Memory memory = memory_told_by(folder);
  EXPECT_EQ(memory.total, 400000);
  EXPECT_EQ(memory.free, 150000);
}

TEST_F(MemoryTest, KnowsTheFirstVersionOfGroups) {
  temporary.write("proc/meminfo", "MemTotal:  1000 kB\nMemAvailable:  600 kB\n");
  temporary.write("proc/self/cgroup", "5:cpu:/a\n4:hugetlb,memory:/b\n");
  temporary.write("sys/fs/cgroup/memory/b/memory.limit_in_bytes", "500000\n");
  temporary.write("sys/fs/cgroup/memory/b/memory.usage_in_bytes", "500001\n");
  EXPECT_EQ(memory_told_by(folder).free, 0);
  EXPECT_EQ(memory_told_by(folder).spare(), 0);
}

TEST_F(MemoryTest, IsNoneWhereNothingTells) {
  EXPECT_EQ(memory_told_by(folder).spare(), 0);
  temporary.write("proc/meminfo", "MemTotal:  many\n");
  EXPECT_EQ(memory_told_by(folder).spare(), 0);
}

TEST_F(MemoryTest, OfThisMachineIsKnown) {
  const Memory memory = machine_memory();
  EXPECT_GT(memory.free, 0);
  EXPECT_GE(memory.total, memory.free);
}

}  // namespace
}  // namespace tertium
