#include "tertium/store/join.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/store/store.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class CopyRows : public test::FolderTest {
 protected:
  const std::filesystem::path from = folder / "from", into = folder / "into";

  static UnitRow unit(const std::string& state, double seconds, const std::string& worker) {
    return {.id = "u", .task = "xcopa", .language = "it", .state = state, .seconds = seconds, .worker = worker};
  }
  static ScoreRow score(const std::string& item, double score) {
    return {"xcopa", "it", item, "loglik", 0, score, 7, true};
  }
  /// Makes results with one unit.
  static void make(const std::filesystem::path& folder, const UnitRow& row) {
    Store store = Store::create(folder, false);
    store.add(row);
    store.commit();
  }
  std::string worker_joined(const UnitRow& ours, const UnitRow& theirs) const {
    std::filesystem::remove_all(into), std::filesystem::remove_all(from);
    make(into, ours), make(from, theirs);
    copy_rows(from, into, {"units"});
    return Store::open(into).units().front().worker;
  }
};

TEST_F(CopyRows, AddsWhatIsNewAndReplacesWhatIsThereInItsPlace) {
  {
    Store ours = Store::create(into, false), theirs = Store::create(from, false);
    for (const char* item : {"a", "b"}) ours.add(score(item, 1));
    for (const char* item : {"c", "a"}) theirs.add(score(item, 2));
    ours.commit(), theirs.commit();
  }
  copy_rows(from, into, {"scores"});
  copy_rows(from, into, {"scores"});
  std::vector<std::string> items;
  std::vector<double> scores;
  for (const ScoreRow& row : Store::open(into).scores()) items.push_back(row.item), scores.push_back(row.score);
  EXPECT_THAT(items, ElementsAre("a", "b", "c"));
  EXPECT_THAT(scores, ElementsAre(2, 1, 2));
  EXPECT_THAT(Store::open(from).scores(), SizeIs(2));
}

// Each file has ids of its own.
TEST_F(CopyRows, TextsStayWithTheirRows) {
  const auto patch = [](const std::string& item, const std::string& control, const std::string& donor) {
    return PatchRow{"xcopa", "it", item, "loglik", "fix", "resid_post", 1, "last", control, 0, donor, 0, -1};
  };
  {
    Store ours = Store::create(into, false), theirs = Store::create(from, false);
    ours.add(patch("a", "main", "b"));
    theirs.add(patch("c", "random", "a")), theirs.add(patch("b", "main", "c")), theirs.add(patch("a", "main", "c"));
    ours.commit(), theirs.commit();
  }
  copy_rows(from, into, {"patches"});
  std::vector<std::string> rows;
  for (const PatchRow& row : Store::open(into).patches())
    rows.push_back(row.item + " " + row.control + " " + row.donor);
  EXPECT_THAT(rows, ElementsAre("a main c", "c random a", "b main c"));
}

TEST_F(CopyRows, KeepsTheUnitThatTellsMost) {
  const UnitRow done = unit("done", 3, "who did it"), told = unit("done", 0, "who heard of it"),
                open = unit("open", 0, "who left it"), failed = unit("failed", 1, "who failed");
  for (const UnitRow& less : {told, open, failed}) {
    EXPECT_EQ(worker_joined(done, less), done.worker);
    EXPECT_EQ(worker_joined(less, done), done.worker);
  }
  EXPECT_EQ(worker_joined(failed, open), failed.worker);
  EXPECT_EQ(worker_joined(open, failed), failed.worker);
}

TEST_F(CopyRows, RefusesWhatIsNoTertiumDatabase) {
  make(into, unit("done", 1, "0"));
  temporary.write("from/results.db", "no database, but long enough to be looked at as one, and then some");
  EXPECT_THAT(test::error_of([&] { copy_rows(from, into, {"units"}); }), HasSubstr("from/results.db"));
  EXPECT_THAT(Store::open(into).units(), SizeIs(1));
}

}  // namespace
}  // namespace tertium
