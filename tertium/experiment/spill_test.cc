#include "tertium/experiment/spill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;

/// Two items, of two numbers and of three.
class SpillTest : public test::FolderTest {
 protected:
  Spill open(std::vector<std::string> keys = {"a", "b"}) const { return {folder / "numbers", std::move(keys), {2, 3}}; }
};

TEST_F(SpillTest, GivesBackWhatWasWritten) {
  Spill spill = open();
  EXPECT_FALSE(spill.has(1));
  EXPECT_TRUE(spill.write(1, std::vector{10.F, 11.F, 12.F}));
  EXPECT_TRUE(spill.has(1));
  EXPECT_FALSE(spill.has(0));
  EXPECT_THAT(spill.read(1), ElementsAre(10, 11, 12));
  std::vector<float> some(2);
  spill.read(1, 1, some);
  EXPECT_THAT(some, ElementsAre(11, 12));
}

TEST_F(SpillTest, OfAnEarlierRunIsUsedWhereItIsWhole) {
  {
    Spill spill = open();
    spill.write(0, std::vector{1.F, 2.F});
    spill.write(1, std::vector{10.F, 11.F, 12.F});
  }
  Spill again = open();
  EXPECT_TRUE(again.has(0));
  EXPECT_THAT(again.read(0), ElementsAre(1, 2));
  EXPECT_FALSE(open({"a", "other"}).has(1)) << "of another item";
  std::fstream(folder / "numbers", std::ios::in | std::ios::out | std::ios::binary).seekp(66).put('x');
  Spill damaged = open();
  EXPECT_FALSE(damaged.has(0));
  EXPECT_TRUE(damaged.has(1));
}

TEST_F(SpillTest, CutShortIsAbsent) {
  open().write(1, std::vector{10.F, 11.F, 12.F});
  std::filesystem::resize_file(folder / "numbers", 140);
  EXPECT_FALSE(open().has(1));
}

TEST_F(SpillTest, TakesNoRecordOfAnotherSize) { EXPECT_THROW(open().write(0, std::vector{1.F}), std::logic_error); }

}  // namespace
}  // namespace tertium
