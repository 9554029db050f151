#include "tertium/experiment/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/model/config.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// Members a, b, c …, each of one row a part; what decides their numbers is their name and the part's.
class Units : public testing::Test {
 protected:
  static Demand demand(int members, std::vector<std::string> parts = {"main"}) {
    Demand demand{.series = {"xcopa", "loglik", "it", kPatched, "fix"}, .parts = std::move(parts), .members = {}};
    for (int i = 0; i < members; ++i) demand.members.push_back(std::string(1, static_cast<char>('a' + i)));
    demand.key = [names = demand.members, parts = demand.parts](std::size_t part, std::size_t member) {
      return parts[part] + names[member];
    };
    demand.cost = [](std::size_t, const std::vector<std::size_t>& some) { return static_cast<double>(some.size()); };
    return demand;
  }

  /// Does all of it.
  void finish(const Demand& demand, const WorkPlan& plan) {
    for (const Work& work : plan.works)
      for (std::size_t p = 0; p < work.parts.size(); ++p) {
        const UnitSeries& of = demand.series;
        done.push_back({.id = work.ids[p],
                        .task = of.task,
                        .protocol = of.protocol,
                        .language = of.language,
                        .direction = of.direction,
                        .first_item = demand.members[work.first],
                        .items = static_cast<int>(work.count),
                        .state = kUnitDone,
                        .stage = of.stage,
                        .part = demand.parts[work.parts[p]]});
      }
  }

  WorkPlan plan(const Demand& demand, double most_rows = 2) const {
    return UnitPlanner("model", most_rows, done).plan(demand);
  }

  static std::vector<std::size_t> counts(const WorkPlan& plan) {
    std::vector<std::size_t> counts;
    for (const Work& work : plan.works) counts.push_back(work.count);
    return counts;
  }

  std::vector<UnitRow> done;
};

TEST_F(Units, ARowsOperationsAreThoseOfItsProducts) {
  Config config{.hidden = 8, .heads = 2, .kv_heads = 1, .head_dim = 4, .mlp = 16, .vocabulary = 100};
  // q and what attention adds [8, 8], k and v [4, 8], gate, up and down [16, 8]: each number one product and one sum.
  EXPECT_DOUBLE_EQ(row_operations(config).block, 2 * (2 * 8 * 8 + 2 * 4 * 8 + 3 * 16 * 8));
  EXPECT_DOUBLE_EQ(row_operations(config).head, 2 * 100 * 8);
  config.experts = {.count = 4, .per_row = 2, .width = 5};
  EXPECT_DOUBLE_EQ(row_operations(config).block, 2 * (2 * 8 * 8 + 2 * 4 * 8 + 2 * 3 * 5 * 8)) << "two of four experts";
}

TEST_F(Units, AreCutByCost) {
  EXPECT_THAT(counts(plan(demand(5))), ElementsAre(2, 2, 1));
  EXPECT_THAT(counts(plan(demand(3, {"main", "self"}), 1)), ElementsAre(1, 1, 1)) << "at least one member";
  EXPECT_EQ(plan(demand(3, {"main", "self"}), 1).to_do, 6u);
}

TEST_F(Units, ThatAreDoneAreNotPlannedAgain) {
  finish(demand(5), plan(demand(5)));
  EXPECT_THAT(plan(demand(5)).works, IsEmpty());
  EXPECT_EQ(plan(demand(5)).done, 3u);
  done.erase(done.begin() + 1);
  const WorkPlan rest = plan(demand(5));
  ASSERT_THAT(rest.works, SizeIs(1));
  EXPECT_EQ(rest.works[0].first, 2u);
  EXPECT_EQ(rest.works[0].count, 2u);
}

TEST_F(Units, OfMoreMembersLeaveTheEarlierOnes) {
  finish(demand(5), plan(demand(5)));
  const WorkPlan rest = plan(demand(8));
  EXPECT_THAT(counts(rest), ElementsAre(2, 1));
  EXPECT_EQ(rest.works[0].first, 5u);
  EXPECT_THAT(rest.outdated, IsEmpty());
}

TEST_F(Units, OfAnotherPartComeAlone) {
  finish(demand(3), plan(demand(3)));
  const WorkPlan rest = plan(demand(3, {"main", "self"}));
  for (const Work& work : rest.works) EXPECT_THAT(work.parts, ElementsAre(1));
  EXPECT_EQ(rest.to_do, 2u);
  EXPECT_EQ(rest.done, 2u);
}

TEST_F(Units, WhoseKeyChangedAreOutdated) {
  finish(demand(4), plan(demand(4)));
  Demand other = demand(4);
  other.key = [](std::size_t, std::size_t member) {
    return member == 3 ? "other" : "main" + std::string(1, "abcd"[member]);
  };
  const WorkPlan rest = plan(other);
  ASSERT_THAT(rest.outdated, SizeIs(1));
  EXPECT_EQ(rest.outdated[0].first_item, "c");
  EXPECT_THAT(counts(rest), ElementsAre(2));
}

TEST_F(Units, OfAnotherModelAreOutdated) {
  finish(demand(4), plan(demand(4)));
  EXPECT_THAT(UnitPlanner("another", 2, done).plan(demand(4)).outdated, SizeIs(2));
}

TEST_F(Units, ThatTakeAllMembersAreOneAndOutdatedByMore) {
  Demand all = demand(5);
  all.together = true;
  EXPECT_THAT(counts(plan(all)), ElementsAre(5));
  finish(all, plan(all));
  EXPECT_THAT(plan(all).works, IsEmpty());
  Demand more = demand(6);
  more.together = true;
  EXPECT_THAT(counts(plan(more)), ElementsAre(6));
  EXPECT_THAT(plan(more).outdated, SizeIs(1));
}

TEST_F(Units, OfPartsThatAreApartAreWorksOfTheirOwn) {
  Demand kinds = demand(3, {"x", "y"});
  kinds.together = kinds.apart = true;
  const WorkPlan first = plan(kinds);
  ASSERT_THAT(first.works, SizeIs(2));
  EXPECT_THAT(first.works[0].parts, ElementsAre(0));
  EXPECT_THAT(first.works[1].parts, ElementsAre(1));
  for (const Work& work : first.works) EXPECT_EQ(work.count, 3u);
  EXPECT_NE(first.works[0].name, first.works[1].name);
  WorkPlan half = first;
  half.works.pop_back();
  finish(kinds, half);
  ASSERT_THAT(plan(kinds).works, SizeIs(1));
  EXPECT_THAT(plan(kinds).works[0].parts, ElementsAre(1)) << "what is done is not done again with the other";
}

TEST_F(Units, ThatFailedAreTriedAgain) {
  finish(demand(2), plan(demand(2)));
  done[0].state = kUnitFailed;
  EXPECT_THAT(counts(plan(demand(2))), ElementsAre(2));
}

}  // namespace
}  // namespace tertium
