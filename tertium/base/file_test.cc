#include "tertium/base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <chrono>
#include <fstream>

#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using testing::HasSubstr;

using FileTest = test::FolderTest;

// Every reader of whole files is made of InputFile.
TEST_F(FileTest, PipesAndDevicesAreRefusedAtOnce) {
  const fs::path pipe = folder / "pipe", zero = folder / "zero";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", zero);
  for (const fs::path& path : {pipe, zero}) {
    const std::string refusal = path.string() + ": is not an ordinary file; copy it to one first";
    EXPECT_EQ(error_of([&] { read_text_file(path); }), refusal);
    EXPECT_EQ(error_of([&] { sha256_file(path); }), refusal);
  }
}

TEST_F(FileTest, ATextThatIsAbsurdlyLongIsRefusedBeforeItIsRead) {
  const fs::path sparse = temporary.write("sparse.txt", "x");
  fs::resize_file(sparse, std::uintmax_t{1} << 40);
  EXPECT_THAT(error_of([&] { read_text_file(sparse); }), HasSubstr("sparse.txt: is longer than 268435456 bytes"));
}

TEST_F(FileTest, AFileWhoseSizeIsNotToldIsReadToItsEnd) {
  EXPECT_THAT(read_text_file("/proc/self/status"), HasSubstr("VmRSS")) << "its size is said to be 0";
}

TEST_F(FileTest, IsReadPieceByPiece) {
  InputFile file(temporary.write("a", "abcde"));
  std::array<char, 3> piece{};
  const auto next = [&] {
    const auto read = file.read(piece);
    return std::string(read.begin(), read.end());
  };
  EXPECT_EQ(next(), "abc");
  EXPECT_EQ(next(), "de");
  EXPECT_EQ(next(), "");
}

TEST_F(FileTest, EveryChangeIsFoundAndNamed) {
  const auto state_of = [](const fs::path& path) { return InputFile(path).state(); };
  const auto change = [&](const fs::path& path, auto&& how) {
    const std::vector<FileState> states = {state_of(path)};
    demand_unchanged(states);
    how();
    return error_of([&] { demand_unchanged(states); });
  };
  const fs::path a = temporary.write("a", "abcde");
  EXPECT_THAT(change(a, [&] { fs::resize_file(a, 2); }), HasSubstr(a.string() + ": was cut or overwritten"));
  EXPECT_THAT(change(a,
                     [&] {
                       std::fstream(a) << "x";  // of the same size
                       fs::last_write_time(a, fs::last_write_time(a) + std::chrono::seconds(1));
                     }),
              HasSubstr("was cut or overwritten"));
  EXPECT_THAT(change(a, [&] { fs::rename(temporary.write("b", "abcde"), a); }), HasSubstr("was replaced"));
  EXPECT_THAT(change(a, [&] { fs::remove(a); }), HasSubstr("was removed"));
}

}  // namespace
}  // namespace tertium
