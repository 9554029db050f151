// The manual and the completions, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tertium/base/text.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

using test::output_of;
using testing::HasSubstr;

TEST(Manual, IsThePageThatTheDocsHold) {
  const std::filesystem::path page = test::source_folder() / "docs/cli.md";
  EXPECT_EQ(read_text_file(page), output_of({"manual", "md"}))
      << "write it anew: build/release/tertium manual md > docs/cli.md";
}

TEST(Manual, NamesEveryCommandInEveryForm) {
  for (const std::string form : {"md", "man", "bash", "zsh", "fish"}) {
    const std::string text = output_of({"manual", form});
    for (const std::string& command : test::command_names()) EXPECT_THAT(text, HasSubstr(command)) << form;
    for (const char* option : {"batch", "force", "set"}) EXPECT_THAT(text, HasSubstr(option)) << form;
  }
}

/// What bash offers for the last of some words.
std::string completed(const test::TempFolder& folder, const std::string& words, int at) {
  const std::string script = (folder.path() / "complete.sh").string(), out = (folder.path() / "out").string();
  folder.write("complete.sh", output_of({"manual", "bash"}) + "COMP_WORDS=(" + words +
                                  ")\nCOMP_CWORD=" + std::to_string(at) + "\n_tertium\necho \"${COMPREPLY[@]}\"\n");
  if (std::system(("bash --norc '" + script + "' > '" + out + "'").c_str()) != 0) return "bash failed";
  return read_text_file(out);
}

TEST(Manual, CompletesCommandsAndOptionsInBash) {
  const test::TempFolder folder;
  EXPECT_EQ(completed(folder, "tertium scr", 1), "screen\n");
  EXPECT_EQ(completed(folder, "tertium run --batch", 2), "--batch-rows\n");
  EXPECT_EQ(completed(folder, "tertium show --force", 2), "\n") << "show has no such option";
}

}  // namespace
}  // namespace tertium
