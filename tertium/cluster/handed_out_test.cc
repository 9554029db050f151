#include "tertium/cluster/handed_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Patience kImpatient{.heartbeat = std::chrono::milliseconds(20),
                              .silence = std::chrono::milliseconds(400),
                              .joining = std::chrono::milliseconds(20'000),
                              .late = std::chrono::milliseconds(100)};

class HandedOutUnits : public test::FolderTest {
 protected:
  std::unique_ptr<HandedOut> join(int rank) const {
    return std::make_unique<HandedOut>(Launch{.rank = rank, .size = 2, .name = "test"}, folder, kImpatient);
  }
  std::unique_ptr<HandedOut> first = join(0), second = join(1);
};

TEST_F(HandedOutUnits, EachIsTakenOnce) {
  EXPECT_TRUE(first->take("a", Needed::by_none));
  EXPECT_FALSE(second->take("a", Needed::by_none));
  EXPECT_FALSE(first->take("a", Needed::by_none)) << "nor twice by the same";
  EXPECT_TRUE(second->take("b", Needed::by_none));
}

TEST_F(HandedOutUnits, TellResults) {
  EXPECT_EQ(second->result("a"), std::nullopt);
  const std::string bytes("\0\n\xff", 3);
  first->done("a", bytes);
  EXPECT_EQ(second->result("a"), bytes);
}

TEST_F(HandedOutUnits, OfOneWhoLeftAreHandedOutAgainUnlessTheyAreDone) {
  ASSERT_TRUE(second->take("a", Needed::by_none));
  ASSERT_TRUE(second->take("b", Needed::by_none));
  second->done("a", "done");
  EXPECT_FALSE(first->take("b", Needed::by_none));
  second.reset();
  EXPECT_FALSE(first->take("a", Needed::by_none));
  EXPECT_TRUE(first->take("b", Needed::by_none));
  EXPECT_THAT(first->await_others(), IsEmpty()) << "who left did not die";
}

TEST_F(HandedOutUnits, BeginWhereTheOthersDoNot) {
  EXPECT_EQ(first->first_of(10), 0u);
  EXPECT_EQ(second->first_of(10), 5u);
  EXPECT_EQ(second->first_of(0), 0u);
}

TEST_F(HandedOutUnits, WaitForTheFirstToOpen) {
  auto word = std::async(std::launch::async, [&] { return second->await_open(); });
  first->open("folder");
  EXPECT_EQ(word.get(), "folder");
}

TEST_F(HandedOutUnits, EndWhereTheFirstEndsBeforeItOpens) {
  auto message = std::async(std::launch::async, [&] {
    const std::string error = test::error_of([&] { second->await_open(); });
    second.reset();
    return error;
  });
  first.reset();
  EXPECT_THAT(message.get(), HasSubstr("rank 0"));
}

TEST_F(HandedOutUnits, OfALaunchThatIsGoneAreNotWaitedFor) {
  first.reset(), second.reset();
  EXPECT_FALSE(std::filesystem::exists(folder / "address"));
  Patience short_patience = kImpatient;
  short_patience.joining = std::chrono::milliseconds(100);
  const Launch launch{.rank = 1, .size = 2, .name = "test"};
  EXPECT_THAT(test::error_of([&] { HandedOut(launch, folder, short_patience); }),
              HasSubstr("worker 1 of 2 cannot reach rank 0"));
}

TEST(HandedOut, AWorkerThatNeverComesCountsAsDead) {
  const test::TempFolder folder;
  HandedOut first({.rank = 0, .size = 3, .name = "test"}, folder.path(), kImpatient);
  EXPECT_THAT(first.await_others(), ElementsAre(1, 2));
}

}  // namespace
}  // namespace tertium
