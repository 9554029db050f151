#include "tertium/experiment/state_spill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;

/// Items of one text and of two; states of two layers of the stream and the final norm, 2 wide.
class Spill : public test::FolderTest {
 protected:
  static TextStates states(float first) { return {{first, first + 1, first + 2, first + 3}, {first + 4, first + 5}}; }
  StateSpill open(std::vector<std::string> keys = {"a", "b"}) const {
    return {folder / "states", std::move(keys), {1, 2}, 3, 2};
  }
};

TEST_F(Spill, GivesBackWhatWasWritten) {
  StateSpill spill = open();
  EXPECT_FALSE(spill.has(1));
  const std::vector<TextStates> texts = {states(10), states(20)};
  EXPECT_TRUE(spill.write(1, texts));
  EXPECT_TRUE(spill.has(1));
  EXPECT_FALSE(spill.has(0));
  EXPECT_THAT(spill.read(1)[1].resid, ElementsAre(20, 21, 22, 23));
  EXPECT_THAT(spill.read(1)[0].final_norm, ElementsAre(14, 15));
  std::vector<float> row(2);
  spill.read(1, 1, 2, row);
  EXPECT_THAT(row, ElementsAre(24, 25)) << "behind the final norm";
}

TEST_F(Spill, OfAnEarlierRunIsUsedWhereItIsWhole) {
  {
    StateSpill spill = open();
    spill.write(0, std::vector{states(0)});
    spill.write(1, std::vector{states(10), states(20)});
  }
  StateSpill again = open();
  EXPECT_TRUE(again.has(0));
  EXPECT_THAT(again.read(0)[0].resid, ElementsAre(0, 1, 2, 3));
  EXPECT_FALSE(open({"a", "other"}).has(1)) << "of another item";
  std::fstream(folder / "states", std::ios::in | std::ios::out | std::ios::binary).seekp(70).put('x');
  StateSpill damaged = open();
  EXPECT_FALSE(damaged.has(0));
  EXPECT_TRUE(damaged.has(1));
}

TEST_F(Spill, CutShortIsAbsent) {
  open().write(1, std::vector{states(10), states(20)});
  std::filesystem::resize_file(folder / "states", 120);
  EXPECT_FALSE(open().has(1));
}

}  // namespace
}  // namespace tertium
