#include "tertium/cluster/shares.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tertium {
namespace {

TEST(HashShares, GiveEachUnitToOneWorkerAndEachWorkerItsPart) {
  constexpr int kWorkers = 4, kUnits = 1000;
  std::array<int, kWorkers> taken = {};
  for (int unit = 0; unit < kUnits; ++unit) {
    int takers = 0;
    for (int worker = 0; worker < kWorkers; ++worker) {
      const bool takes = HashShares(worker, kWorkers).take(std::to_string(unit), Needed::by_all);
      takers += takes;
      taken[worker] += takes;
    }
    EXPECT_EQ(takers, 1) << unit;
  }
  for (const int count : taken) EXPECT_NEAR(count, kUnits / kWorkers, kUnits / kWorkers / 3);
}

TEST(HashShares, LeaveFilesToWhoeverComesFirst) {
  for (int worker = 0; worker < 3; ++worker) EXPECT_TRUE(HashShares(worker, 3).take("sums", Needed::as_files));
}

TEST(HashShares, HearNothingOfOthers) {
  HashShares shares(0, 2);
  EXPECT_EQ(shares.result("a"), std::nullopt);
  EXPECT_FALSE(shares.wait());
}

}  // namespace
}  // namespace tertium
