#include "tertium/tasks/orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

using Kind = Orders::Kind;

TEST(OptionOrders, BeginWithTheShiftsThatPutEveryOptionEverywhere) {
  EXPECT_THAT(option_orders({Kind::cyclic}, 3),
              ElementsAre(OptionOrder{0, 1, 2}, OptionOrder{1, 2, 0}, OptionOrder{2, 0, 1}));
  EXPECT_THAT(option_orders({Kind::as_given}, 2), ElementsAre(OptionOrder{0, 1}));
  EXPECT_THAT(option_orders({Kind::all}, 3),
              ElementsAre(OptionOrder{0, 1, 2}, OptionOrder{1, 2, 0}, OptionOrder{2, 0, 1}, OptionOrder{0, 2, 1},
                          OptionOrder{1, 0, 2}, OptionOrder{2, 1, 0}));
}

TEST(OptionOrders, AreAllDifferent) {
  const auto all = option_orders({Kind::all}, 5);
  EXPECT_EQ(all.size(), 120u);
  EXPECT_EQ(std::set<OptionOrder>(all.begin(), all.end()).size(), 120u);
}

TEST(OptionOrders, AreAsManyAsAskedOrRefused) {
  EXPECT_EQ(option_orders({Kind::first, 4}, 4), option_orders({Kind::cyclic}, 4));
  EXPECT_EQ(option_orders({Kind::first, 9}, 4).size(), 9u);
  EXPECT_EQ(option_orders({Kind::first, 7}, 12).size(), 7u) << "shifts alone need no others";
  EXPECT_EQ(error_of([] {
              option_orders({Kind::first, 3}, 2);
            }),
            "permutations = 3: 2 options have 2 orders; ask for fewer, or for \"all\"");
  EXPECT_THAT(error_of([] { option_orders({Kind::all}, 6); }), HasSubstr("too many orders"));
}

TEST(Symbols, AreOneCharacterEach) {
  EXPECT_THAT(symbols_of("QZé子"), ElementsAre("Q", "Z", "é", "子"));
  EXPECT_THAT(error_of([] { symbols_of("QZQ"); }), HasSubstr("symbols \"QZQ\""));
  EXPECT_THAT(error_of([] { symbols_of("Q Z"); }), HasSubstr("none a space or colon"));
  EXPECT_THAT(error_of([] { symbols_of("Q"); }), HasSubstr("at least two"));
}

}  // namespace
}  // namespace tertium
