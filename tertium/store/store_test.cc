#include "tertium/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <limits>
#include <optional>

#include "tertium/store/sqlite.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

class StoreTest : public test::FolderTest {};

ScoreRow score_row(std::string item = "5", int option = 0) {
  return {"xcopa", "it", std::move(item), "loglik", option, -12.345678901234567, 7, true};
}

AlignmentRow alignment_row(std::string item = "5", int layer = 3) {
  return {"xcopa", "it", std::move(item), "dali_margin", "resid", layer, 0.1};
}

PatchRow patch_row(std::string item = "5", int draw = 0) {
  return {"xcopa", "it", std::move(item), "letters", "fix", "resid_post", 4, "last", "same_gold", draw, "9", 1, 2.5};
}

TEST_F(StoreTest, GivesBackWhatWasAddedInThatOrder) {
  {
    Store store = Store::create(folder, false);
    store.add(score_row("b"));
    store.add(score_row("a", 1));
    store.add(alignment_row());
    store.add(patch_row());
    store.commit();
  }
  const Store store = Store::open(folder);
  const std::vector<ScoreRow> scores = store.scores();
  ASSERT_THAT(scores, SizeIs(2));
  EXPECT_EQ(scores[0].item, "b");
  EXPECT_EQ(scores[1].item, "a");
  EXPECT_EQ(scores[1].task + scores[1].language + scores[1].protocol, "xcopaitloglik");
  EXPECT_EQ(scores[1].option, 1);
  EXPECT_EQ(scores[1].score, -12.345678901234567) << "to the last digit";
  EXPECT_EQ(scores[1].tokens, 7);
  EXPECT_TRUE(scores[1].is_gold);

  ASSERT_THAT(store.alignment(), SizeIs(1));
  const AlignmentRow alignment = store.alignment().front();
  EXPECT_EQ(alignment.task + alignment.language + alignment.item, "xcopait5");
  EXPECT_EQ(alignment.metric + " " + alignment.stream, "dali_margin resid");
  EXPECT_EQ(alignment.layer, 3);
  EXPECT_EQ(alignment.value, 0.1);

  ASSERT_THAT(store.patches(), SizeIs(1));
  const PatchRow patch = store.patches().front();
  EXPECT_EQ(patch.task + patch.language + patch.item + patch.protocol, "xcopait5letters");
  EXPECT_EQ(patch.direction + " " + patch.site + " " + patch.position + " " + patch.control,
            "fix resid_post last same_gold");
  EXPECT_EQ(patch.layer, 4);
  EXPECT_EQ(patch.draw, 0);
  EXPECT_EQ(patch.donor, "9");
  EXPECT_EQ(patch.option, 1);
  EXPECT_EQ(patch.score, 2.5);
}

TEST_F(StoreTest, KeepsAnyText) {
  Store store = Store::create(folder, false);
  const std::string text = "<b>\xd8\xb9</b> \xe2\x80\xae end";
  store.add(TextRow{"xcopa", "ar", "5", -1, text});
  EXPECT_EQ(store.texts().front().text, text);
  EXPECT_EQ(store.texts().front().option, -1);
  ScoreRow row = score_row("'; DROP TABLE scores; -- \"q\", İ\n");
  row.language = "";
  store.add(row);
  EXPECT_EQ(store.scores().front().item, row.item);
  EXPECT_EQ(store.scores().front().language, "");
}

TEST_F(StoreTest, InfoKeepsItsOrderWhenAValueIsReplaced) {
  Store store = Store::create(folder, false);
  store.set_info("experiment", "x");
  store.set_info("seed", "1");
  store.set_info("experiment", "y");
  EXPECT_THAT(store.info(), ElementsAre(Pair("experiment", "y"), Pair("seed", "1")));
}

TEST_F(StoreTest, LosesWhatWasNotCommitted) {
  {
    Store store = Store::create(folder, false);
    store.add(score_row("committed"));
    store.commit();
    store.add(score_row("not committed"));
    EXPECT_THAT(store.scores(), SizeIs(2));
  }
  ASSERT_THAT(Store::open(folder).scores(), SizeIs(1));
  EXPECT_EQ(Store::open(folder).scores().front().item, "committed");
}

TEST_F(StoreTest, CommittedRowsSurviveACrash) {
  Store store = Store::create(folder / "run", false);
  store.add(score_row());
  store.commit();
  store.add(score_row("lost"));
  // What lies on the disk at this moment is what a crash would leave.
  std::filesystem::copy(folder / "run", folder / "after_crash");
  std::filesystem::remove(folder / "after_crash" / "results.db-shm");
  EXPECT_THAT(Store::open(folder / "after_crash").scores(), SizeIs(1));
}

TEST_F(StoreTest, CanBeReadWhileARunGoesOn) {
  Store run = Store::create(folder, false);
  run.add(score_row("1"));
  run.commit();
  run.add(score_row("2"));
  const Store report = Store::open(folder);
  EXPECT_THAT(report.scores(), SizeIs(1));
  run.commit();
  run.add(alignment_row());
  run.commit();
  EXPECT_THAT(report.scores(), SizeIs(1)) << "a report sees one moment";
  EXPECT_THAT(report.alignment(), IsEmpty());
  EXPECT_THAT(Store::open(folder).scores(), SizeIs(2));
}

TEST_F(StoreTest, AFinishedRunLeavesOnePlainFile) {
  {
    Store store = Store::create(folder, false);
    store.add(score_row());
    store.commit();
    EXPECT_TRUE(std::filesystem::exists(folder / "results.db-wal"));
  }
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    files.push_back(entry.path().filename().string());
  EXPECT_THAT(files, ElementsAre("results.db"));
}

TEST_F(StoreTest, RefusesADoubledRowAndNamesIt) {
  Store store = Store::create(folder, false);
  store.add(score_row());
  store.add(score_row("5", 1));
  EXPECT_THAT(error_of([&] { store.add(score_row()); }),
              HasSubstr("results.db: scores: item \"5\" (xcopa it, loglik, option 0): this row is there already"));
  store.add(alignment_row());
  store.add(alignment_row("5", 4));
  EXPECT_THAT(error_of([&] { store.add(alignment_row()); }),
              HasSubstr("alignment: item \"5\" (xcopa it, dali_margin, resid 3): this"));
  store.add(patch_row());
  store.add(patch_row("5", 1));
  EXPECT_THAT(
      error_of([&] { store.add(patch_row()); }),
      HasSubstr("patches: item \"5\" (xcopa it, letters, fix, resid_post@4, last, same_gold 0, option 1): this row"));
  store.commit();
  EXPECT_THAT(store.patches(), SizeIs(2)) << "and goes on";
}

TEST_F(StoreTest, PatchesAreVisitedSeriesBySeries) {
  Store store = Store::create(folder, false);
  for (const int draw : {1, 0})
    for (const char* item : {"b", "a"})
      for (const int option : {0, 1}) {
        PatchRow row = patch_row(item, draw);
        row.option = option;
        row.control = draw == 0 ? "main" : "random";
        store.add(row);
      }
  store.commit();
  std::vector<std::string> visited;
  std::vector<std::int64_t> numbers;
  store.each_patch([&](const PatchRow& row, std::int64_t number) {
    visited.push_back(fmt::format("{} {} {} {}", row.control, row.draw, row.item, row.option));
    numbers.push_back(number);
  });
  EXPECT_THAT(visited, ElementsAre("main 0 b 0", "main 0 b 1", "main 0 a 0", "main 0 a 1", "random 1 b 0",
                                   "random 1 b 1", "random 1 a 0", "random 1 a 1"));
  EXPECT_THAT(numbers, ElementsAre(5, 6, 7, 8, 1, 2, 3, 4));
}

// Ids that were made meanwhile are gone, too.
TEST_F(StoreTest, WhatIsTakenBackCanBeAddedAgain) {
  Store store = Store::create(folder, false);
  store.add(score_row("5"));
  store.rollback();
  store.add(patch_row("6"));
  store.add(score_row("5"));
  store.commit();
  EXPECT_EQ(store.scores().at(0).item, "5");
  EXPECT_EQ(store.patches().at(0).item, "6");
  EXPECT_EQ(store.patches().at(0).control, patch_row().control);
}

TEST_F(StoreTest, RefusesNumbersThatAreNone) {
  Store store = Store::create(folder, false);
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
    ScoreRow score = score_row();
    score.score = bad;
    EXPECT_THAT(error_of([&] { store.add(score); }),
                HasSubstr("scores: item \"5\" (xcopa it, loglik, option 0): the number is"));
    AlignmentRow alignment = alignment_row();
    alignment.value = bad;
    EXPECT_THAT(error_of([&] { store.add(alignment); }), HasSubstr("alignment: item \"5\""));
    PatchRow patch = patch_row();
    patch.score = bad;
    EXPECT_THAT(error_of([&] { store.add(patch); }), HasSubstr("patches: item \"5\""));
  }
  EXPECT_THAT(store.scores(), IsEmpty());
}

TEST_F(StoreTest, RefusesIndicesBelowZero) {
  Store store = Store::create(folder, false);
  EXPECT_THAT(error_of([&] { store.add(score_row("5", -1)); }), HasSubstr("CHECK constraint failed: option >= 0"));
}

TEST_F(StoreTest, OneOpenedForReadingCannotBeWritten) {
  { Store::create(folder, false); }
  Store store = Store::open(folder);
  EXPECT_THAT(error_of([&] { store.add(score_row()); }), HasSubstr("attempt to write a readonly database"));
}

TEST_F(StoreTest, AFolderThatIsRemovedMeanwhileIsAnErrorAtTheNextCommit) {
  Store store = Store::create(folder / "run", false);
  store.add(score_row());
  store.commit();
  std::filesystem::remove_all(folder / "run");
  store.add(score_row("6"));
  EXPECT_THAT(error_of([&] { store.commit(); }),
              HasSubstr("results.db: was moved or removed while the run wrote to it; run again"));
}

TEST_F(StoreTest, ARemovedFolderMadeAgainBelongsToTheNextRun) {
  std::optional<Store> first = Store::create(folder / "run", false);
  first->add(score_row());
  first->commit();
  std::filesystem::remove_all(folder / "run");
  Store second = Store::create(folder / "run", false);
  second.add(score_row("6"));
  second.commit();
  EXPECT_THAT(error_of([&] { first->commit(); }), HasSubstr("was moved or removed"));
  first.reset();  // must not remove what lies beside the second's file
  EXPECT_TRUE(std::filesystem::exists(folder / "run" / "results.db-wal"));
  EXPECT_THAT(Store::open(folder / "run").scores(), SizeIs(1));
  EXPECT_EQ(Store::open(folder / "run").scores().front().item, "6");
}

// Linux ends a write beyond this limit with an error, as a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit lowered{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &lowered);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(StoreTest, ADiskThatTakesNoMoreIsAnErrorAndKeepsWhatWasCommitted) {
  {
    Store store = Store::create(folder, false);
    store.add(score_row("committed"));
    store.commit();
    const FileSizeLimit limit(256 * 1024);
    const std::string error = error_of([&] {
      for (int i = 0; i < 20'000; ++i) store.add(score_row(std::to_string(i)));
      store.commit();
    });
    EXPECT_THAT(error, HasSubstr("results.db: "));
    EXPECT_THAT(error, HasSubstr("disk"));
  }
  const std::vector<ScoreRow> kept = Store::open(folder).scores();
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(kept.front().item, "committed");
}

TEST_F(StoreTest, GenerationsComeBackWithWhatTheyLack) {
  Store store = Store::create(folder, false);
  const GenerationRow clean{.task = kTranslate,
                            .language = "fra_Latn",
                            .target = "deu_Latn",
                            .item = "3",
                            .text = "Es regnet.",
                            .tokens = 4,
                            .stop = "text",
                            .log_prob = -12.5,
                            .reference_tokens = 5,
                            .chrf = 40.25,
                            .chrfpp = 38.5,
                            .bleu = 0.0,
                            .language_out = "deu_Latn"};
  GenerationRow patched = clean;
  patched.condition = "resid_post@7 last main 0";
  patched.text.reset(), patched.tokens.reset(), patched.chrf.reset(), patched.chrfpp.reset(), patched.bleu.reset();
  patched.stop.clear(), patched.language_out.clear();
  store.add(clean);
  store.add(patched);
  store.commit();
  ASSERT_EQ(store.generations().size(), 2u);
  const GenerationRow first = store.generations()[0], second = store.generations()[1];
  EXPECT_EQ(first.text, clean.text);
  EXPECT_EQ(first.tokens, 4);
  EXPECT_EQ(first.chrf, 40.25);
  EXPECT_EQ(first.log_prob, -12.5);
  EXPECT_EQ(second.condition, patched.condition);
  EXPECT_FALSE(second.text || second.tokens || second.chrf || second.chrfpp || second.bleu);
  store.remove_generation(kTranslate, "fra_Latn", "deu_Latn", "3", "");
  ASSERT_EQ(store.generations().size(), 1u);
  EXPECT_EQ(store.generations()[0].condition, patched.condition);
}

}  // namespace
}  // namespace tertium
