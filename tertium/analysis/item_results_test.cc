#include "tertium/analysis/item_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

/// Two failures of Italian, patched at two blocks: main once, a control in two draws of which the second repairs.
class ItemResultsOfPatches : public test::FolderTest {
 protected:
  ItemResultsOfPatches() {
    store.set_info("pivot", "en");
    for (const char* item : {"a", "b"})
      for (const int option : {0, 1}) {
        store.add(ScoreRow{"xcopa", "en", item, "loglik", option, 1.0 - option, 1, option == 0});
        store.add(ScoreRow{"xcopa", "it", item, "loglik", option, 0.0 + option, 1, option == 0});
      }
    for (const int draw : {1, 0})  // as workers may store them
      for (const char* item : {"b", "a"})
        for (const int block : {0, 1}) {
          if (draw == 0) patch(item, "main", block, 0, {3, 0});
          patch(item, "random", block, draw, {draw == 1 ? 2.0 : 0.0, 0.5});
        }
  }

  void patch(const char* item, const char* control, int block, int draw, std::vector<double> scores) {
    for (const int option : {0, 1})
      store.add(PatchRow{"xcopa", "it", item, "loglik", "fix", "resid_post", block, "last", control, draw, "a", option,
                         scores[option]});
  }
  ItemResults read(std::size_t draws, std::size_t means) const { return item_results(store, {draws, means}); }

  Store store = Store::create(folder / "results", false);
};

TEST_F(ItemResultsOfPatches, AreEachRunInOrder) {
  const ItemResults results = read(12, 0);
  EXPECT_EQ(results.detail, PatchDetail::draws);
  ASSERT_THAT(results.patches, SizeIs(1));
  ASSERT_THAT(results.patches[0].groups, SizeIs(4));
  const ItemPatchGroup& group = results.patches[0].groups[3];
  EXPECT_EQ(group.control, "random");
  EXPECT_EQ(group.layer, 1);
  std::string told;
  for (const ItemPatch& one : group.patches)
    told += fmt::format("{} {} {} {} {}; ", *one.item, one.draw, *one.donor, one.changed, one.margin);
  EXPECT_EQ(told, "a 0 a 0 -0.5; a 1 a 1 1.5; b 0 a 0 -0.5; b 1 a 1 1.5; ");
}

TEST_F(ItemResultsOfPatches, AreMeansOverDrawsWhereThereAreMany) {
  const ItemResults results = read(11, 8);
  EXPECT_EQ(results.detail, PatchDetail::means);
  ASSERT_THAT(results.patches[0].groups, SizeIs(4));
  const ItemPatchGroup& group = results.patches[0].groups[3];
  ASSERT_THAT(group.patches, SizeIs(2));
  EXPECT_EQ(*group.patches[0].item, "a");
  EXPECT_EQ(group.patches[0].draws, 2u);
  EXPECT_EQ(group.patches[0].changed, 1u);
  EXPECT_DOUBLE_EQ(group.patches[0].margin, 0.5);
}

TEST_F(ItemResultsOfPatches, AreMainAloneAndThenNoneWhereMeansAreTooMany) {
  const ItemResults main = read(11, 4);
  EXPECT_EQ(main.detail, PatchDetail::main);
  ASSERT_THAT(main.patches[0].groups, SizeIs(2));
  EXPECT_EQ(main.patches[0].groups[1].control, "main");
  const ItemResults none = read(11, 3);
  EXPECT_EQ(none.detail, PatchDetail::none);
  EXPECT_THAT(none.patches, IsEmpty());
  EXPECT_THAT(none.languages, SizeIs(2));
}

}  // namespace
}  // namespace tertium
