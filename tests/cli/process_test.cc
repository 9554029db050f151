#include "tertium/cli/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "tertium/formats/mapped_file.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

constexpr std::size_t kPage = 4096;

TEST(ProcessDeathTest, AFileCutWhileItIsReadIsNamed) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const test::TempFolder folder;
  const auto path = folder.write("model.safetensors", std::string(4 * kPage, 'x'));
  const auto read_after_cut = [&] {
    explain_lost_files();
    const MappedFile file(path);
    std::filesystem::resize_file(path, kPage);
    const volatile std::byte* last = &file.bytes().back();
    static_cast<void>(*last);
  };
  EXPECT_EXIT(read_after_cut(), testing::ExitedWithCode(1),
              "Error: .*model\\.safetensors: was cut short, or its disk failed, while tertium was reading it");
}

TEST(ProcessDeathTest, ABusErrorOfNoFileStaysOne) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto raise_one = [] {
    explain_lost_files();
    ::raise(SIGBUS);
    ::raise(SIGBUS);
  };
  EXPECT_EXIT(raise_one(), testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace tertium
