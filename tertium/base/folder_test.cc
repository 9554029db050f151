#include "tertium/base/folder.h"

#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using FolderProblem = test::FolderTest;

TEST_F(FolderProblem, AFolderThatCanBeMadeIsNotMadeToFindOut) {
  EXPECT_FALSE(folder_problem(folder / "a" / "b"));
  EXPECT_FALSE(folder_problem(folder));
  EXPECT_FALSE(fs::exists(folder / "a"));
  EXPECT_EQ(nearest_there(folder / "a" / "b/"), fs::absolute(folder));
  temporary.write("file", "x");
  for (const char* name : {"file", "file/below", "file/far/below"})
    EXPECT_EQ(folder_problem(folder / name), std::errc::not_a_directory) << name;
}

}  // namespace
}  // namespace tertium
