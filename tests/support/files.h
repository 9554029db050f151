#pragma once

// What most tests share: a folder of their own, the error that a call gives, and where larger test data may lie.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "tertium/base/error.h"

namespace tertium::test {

/// A fresh folder, removed with all that is in it when the object goes.
class TempFolder {
 public:
  TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder();

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file anew (its folders are made) and returns its path.
  std::filesystem::path write(const std::filesystem::path& name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
};

/// A test with a fresh folder of its own.
class FolderTest : public testing::Test {
 protected:
  const TempFolder temporary;
  const std::filesystem::path& folder = temporary.path();
};

/// The message of the Error that `call` throws, which must be one line; "" if it throws none.
template <class Call>
std::string error_of(Call&& call) {
  try {
    std::forward<Call>(call)();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_FALSE(message.empty());
    return message;
  }
  return {};
}

/// The sources: where the fixtures and the documentation lie.
std::filesystem::path source_folder();

/// A folder with the public benchmarks, which the project does not ship: shared/ beside the sources, or
/// $TERTIUM_SHARED.
std::filesystem::path shared_folder();

}  // namespace tertium::test

#define SKIP_WITHOUT_SHARED()                                                       \
  if (!std::filesystem::exists(tertium::test::shared_folder() / "data"))            \
  GTEST_SKIP() << "SKIPPED: needs benchmarks at " << tertium::test::shared_folder() \
               << "; set TERTIUM_SHARED to the folder that holds data/"
