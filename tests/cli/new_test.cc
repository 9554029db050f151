// `tertium new`, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/base/text.h"
#include "tertium/experiment/experiment.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using test::Finished;
using test::run_program;
using testing::ElementsAre;
using testing::HasSubstr;

class New : public test::FolderTest {
 protected:
  const fs::path file = folder / "my.toml";
  Finished run_new(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"new", file.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
};

TEST_F(New, WritesAnExperimentThatReadsBack) {
  const Finished finished = run_new({"--model", "a \"b\"\\c.gguf", "--task", "xcopa", "--data", "data/xcopa",
                                     "--languages", "it, zh,", "--protocol", "letters"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("tertium audit " + file.string()));
  const Experiment written = read_experiment(file, {});
  EXPECT_EQ(written.model, folder / "a \"b\"\\c.gguf");
  EXPECT_EQ(written.pivot, "en");
  ASSERT_EQ(written.tasks.size(), 1u);
  EXPECT_EQ(written.tasks[0].data, folder / "data/xcopa");
  EXPECT_THAT(written.tasks[0].languages, ElementsAre("it", "zh"));
  EXPECT_EQ(written.tasks[0].protocol, Protocol::letters);
  EXPECT_TRUE(written.patch);
  EXPECT_FALSE(written.metrics.empty());
}

TEST_F(New, NamesWhatIsMissingWhereNobodyCanBeAsked) {
  const Finished finished = run_new({"--task", "xcopa", "--model", "m"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, HasSubstr("give --data, --languages;"));
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(New, KeepsNothingOfAnExperimentThatDoesNotRead) {
  const Finished finished = run_new({"--model", "m", "--task", "xcop", "--data", "d", "--languages", "it"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, HasSubstr("tertium knows xcopa"));
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(New, ReplacesNothing) {
  temporary.write("my.toml", "mine");
  EXPECT_THAT(run_new({}).err, HasSubstr("is there already"));
  EXPECT_EQ(read_text_file(file), "mine");
}

}  // namespace
}  // namespace tertium
