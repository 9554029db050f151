#include "tertium/formats/mapped_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::HasSubstr;

class MappedFileTest : public testing::Test {
 protected:
  test::TempFolder folder;

  std::string refusal(const std::filesystem::path& path) {
    const std::string message = test::error_of([&] { MappedFile file(path); });
    EXPECT_THAT(message, HasSubstr(path.string()));
    return message;
  }
};

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST_F(MappedFileTest, ShowsTheBytesOfTheFile) {
  EXPECT_EQ(text_of(MappedFile(folder.write("a", "one\ntwo"))), "one\ntwo");
}

TEST_F(MappedFileTest, MovesWithItsBytesInPlace) {
  MappedFile first(folder.write("a", "first"));
  const std::byte* address = first.bytes().data();
  MappedFile second(std::move(first));
  EXPECT_EQ(second.bytes().data(), address);
  MappedFile third(folder.write("b", "third"));
  third = std::move(second);
  EXPECT_EQ(third.bytes().data(), address);
  EXPECT_EQ(text_of(third), "first");
}

TEST_F(MappedFileTest, RefusesWhatIsNoFileWithBytes) {
  EXPECT_THAT(refusal(folder.path() / "missing"), HasSubstr("No such file"));
  EXPECT_THAT(refusal(folder.path()), HasSubstr("is a folder"));
  EXPECT_THAT(refusal(folder.write("empty", "")), HasSubstr("is empty"));
}

TEST_F(MappedFileTest, RefusesAPipeWithoutWaitingForIt) {
  const std::filesystem::path pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(refusal(pipe), HasSubstr("not an ordinary file"));
}

}  // namespace
}  // namespace tertium
