#pragma once

// What the tests of this folder share.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tertium/base/error.h"

namespace tertium {

/// A test with a fresh folder of its own.
class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  ~StoreTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) /
      fmt::format("tertium_store_{}", testing::UnitTest::GetInstance()->current_test_info()->name());
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

}  // namespace tertium
