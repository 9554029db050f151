#include "tertium/model/torch_error.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;

TEST(TorchError, OfMemoryIsOneLineThatSaysWhatToDo) {
  constexpr std::int64_t kTooMany = std::int64_t{1} << 46;
  EXPECT_EQ(error_of([&] { with_torch_errors("running item 5", [&] { return at::empty({kTooMany}); }); }),
            "running item 5: out of memory (you tried to allocate 281474976710656 bytes); try a smaller --batch-rows, "
            "dtype bf16 or a smaller limit");
}

TEST(TorchError, OfAnotherKindIsItsFirstLine) {
  const std::string error =
      error_of([] { with_torch_errors("loading", [] { return at::ones({2, 3}).matmul(at::ones({2, 3})); }); });
  EXPECT_TRUE(error.starts_with("loading: LibTorch fails: mm: mat1 and mat2 shapes")) << error;
  EXPECT_TRUE(error.ends_with("; please report this")) << error;
}

}  // namespace
}  // namespace tertium
