#include "tertium/model/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/model/config.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SplitBlocks, TakesAsFewDevicesAsHaveRoomAndFillsThemAlike) {
  const std::vector<double> sizes(8, 10);
  EXPECT_THAT(split_blocks(sizes, std::vector<double>{100, 100}), ElementsAre(8));
  EXPECT_THAT(split_blocks(sizes, std::vector<double>{50, 50}), ElementsAre(4, 4));
  EXPECT_THAT(split_blocks(sizes, std::vector<double>{30, 70}), ElementsAre(2, 6));
  EXPECT_THAT(split_blocks(sizes, std::vector<double>{30, 30, 30}), ElementsAre(3, 3, 2));
}

TEST(SplitBlocks, NeverExceedsARoom) {
  EXPECT_THAT(split_blocks(std::vector<double>{30, 10, 10, 30}, std::vector<double>{40, 45}), ElementsAre(2, 2));
  EXPECT_THAT(split_blocks(std::vector<double>{30, 10}, std::vector<double>{20, 40}), ElementsAre(0, 2));
  EXPECT_THAT(split_blocks(std::vector<double>{30, 10}, std::vector<double>{20, 20}), IsEmpty());
  EXPECT_THAT(split_blocks(std::vector<double>{30}, std::vector<double>{}), IsEmpty());
}

class PlacementOfFour : public testing::Test {
 protected:
  void SetUp() override { config.layers.resize(4); }
  Placement place(const std::string& map, const std::string& device = "auto") const {
    return {{.device = device, .kernels = "auto", .map = map}, config, Precision::f32};
  }
  Config config;
};

TEST_F(PlacementOfFour, IsWhatTheMapSays) {
  const Placement split = place("cpu/aten=0-0,cpu/tuned=1-");
  EXPECT_TRUE(split.is_split());
  EXPECT_EQ(split.of(0).kernels(), "aten");
  EXPECT_EQ(split.of(1).kernels(), "tuned");
  EXPECT_EQ(&split.of(4), &split.of(3)) << "what lies behind the blocks lies with the last one";
  EXPECT_EQ(split.device(), "cpu=0-0,cpu=1-3");
  EXPECT_EQ(split.kernels(), "aten tuned");
  EXPECT_EQ(split.passes_at_once(8), 1) << "one device";
}

TEST_F(PlacementOfFour, OfOneDeviceIsNamedByIt) {
  const Placement whole = place("cpu/tuned=0-1,cpu/tuned=2-3");
  EXPECT_FALSE(whole.is_split());
  EXPECT_EQ(whole.device(), "cpu");
  EXPECT_EQ(whole.passes_at_once(8), 8);
}

TEST_F(PlacementOfFour, LeavesNoBlockOutAndHasNoneTwice) {
  const auto error = [&](const std::string& map) { return error_of([&] { place(map); }); };
  EXPECT_THAT(error("cpu=0-1"), HasSubstr("ends with block 1, but the model's last is 3"));
  EXPECT_THAT(error("cpu=0-9"), HasSubstr("ends with block 9, but the model's last is 3"));
  EXPECT_THAT(error("cpu=0-1,cpu=3-"), HasSubstr("block 2 comes next, not 3"));
  EXPECT_THAT(error("cpu=0-2,cpu=2-"), HasSubstr("block 3 comes next, not 2"));
  EXPECT_THAT(error("cpu=0-2,cpu=3-1"), HasSubstr("block 3 comes next"));
  for (const char* map : {"cpu", "cpu=", "cpu=x", "cpu=0-x", "cpu=0-3x", "cpu=-1", "cpu=0-99999999999"})
    EXPECT_THAT(error(map), HasSubstr("a part is a device and its blocks, as in cuda:0=0-15")) << map;
  EXPECT_THAT(error("gpu=0-3"), HasSubstr("device \"gpu\": tertium knows"));
  EXPECT_THAT(error_of([&] { place("cpu=0-3", "cpu"); }), HasSubstr("give a device or a device map, not both"));
}

}  // namespace
}  // namespace tertium
