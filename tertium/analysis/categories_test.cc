#include "tertium/analysis/categories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

class Categories : public test::FolderTest {
 protected:
  Store store = Store::create(folder, false);

  void add(const std::string& item, const std::string& category, bool right) {
    store.add(ItemRow{"xcopa", item, category, item});
    for (const std::string language : {"en", "it"})
      for (int option = 0; option < 2; ++option)
        store.add(ScoreRow{"xcopa", language, item, "loglik", option,
                           (option == 0) == (right || language == "en") ? 0.0 : -1.0, 1, option == 0});
  }
};

TEST_F(Categories, AreAnalysedEachByItself) {
  add("a", "social", true);
  add("b", "physical", false);
  add("c", "social", false);
  add("d", "", true);
  const auto found = analyse_by_category(store);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].first, "physical");
  EXPECT_EQ(found[0].second.languages[1].n, 1u);
  EXPECT_EQ(found[1].second.languages[1].correct, 1u);
  EXPECT_EQ(found[1].second.languages[1].n, 2u);
  EXPECT_EQ(found[1].second.languages[1].tf, 1u);
}

TEST_F(Categories, NoneAtAllIsAnError) {
  add("a", "", true);
  EXPECT_EQ(test::error_of([&] { analyse_by_category(store); }),
            "no item has a category; give the items a field \"category\" (docs/items.md)");
}

}  // namespace
}  // namespace tertium
