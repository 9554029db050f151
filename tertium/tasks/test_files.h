#pragma once

// What the tests of this folder share: files in a fresh folder, the error a call gives, and the public benchmarks.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tertium/base/error.h"

namespace tertium {

/// A fresh folder for the running test, removed behind it.
class TestFolder {
 public:
  TestFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) /
            fmt::format("tertium_{}_{}_{}", test->test_suite_name(), test->name(), ++count_);
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

 private:
  static inline int count_ = 0;
  std::filesystem::path path_;
};

namespace {
/// The message of the Error that `call` throws; "" if it throws none.
template <class Call>
[[maybe_unused]] std::string error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << "an error message is one line";
    return error.what();
  }
  return {};
}
}  // namespace

/// The folder with the public benchmarks: shared/ beside the sources, or $TERTIUM_SHARED.
inline std::filesystem::path shared_folder() {
  if (const char* named = std::getenv("TERTIUM_SHARED")) return named;
  return std::filesystem::path(TERTIUM_SOURCE_DIR) / ".." / "shared";
}

#define SKIP_WITHOUT_SHARED()                             \
  if (!std::filesystem::exists(shared_folder() / "data")) \
  GTEST_SKIP() << "no benchmarks at " << shared_folder() << "; set TERTIUM_SHARED to the folder that holds data/"

}  // namespace tertium
