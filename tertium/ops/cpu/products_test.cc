#include "tertium/ops/cpu/products.h"

#include <gtest/gtest.h>

namespace tertium::cpu {
namespace {

using at::Tensor;

/// The largest difference from the exact product of the rounded numbers.
double difference(at::ScalarType type, std::int64_t rows, std::int64_t in, const std::vector<std::int64_t>& outs) {
  at::manual_seed(1);
  const Tensor x = at::randn({rows, in}).to(type);
  std::vector<Tensor> parts;
  for (const std::int64_t out : outs) parts.push_back((at::randn({out, in}) * 0.1).to(type));
  const Matrix matrix = packed_if_possible(parts, type);
  Tensor result = at::full({rows, matrix.out + 3}, -1.0f);  // rows that are longer than the result
  Tensor columns = result.narrow(1, 0, matrix.out);
  multiply(matrix, x, columns);
  EXPECT_TRUE((result.narrow(1, matrix.out, 3) == -1).all().item<bool>()) << "written beside the result";
  const Tensor exact = at::matmul(x.to(at::kDouble), at::cat(parts).to(at::kDouble).t());
  return (columns.to(at::kDouble) - exact).abs().max().item<double>();
}

TEST(Products, KeepsF32SumsInEveryTypeAndShape) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf})
    for (const std::int64_t rows : {1, 31, 32, 33, 127, 128, 300, 600})
      for (const std::int64_t in : {2, 48, 130})
        EXPECT_LT(difference(type, rows, in, {64, 5, 80}), 1e-4) << type << " " << rows << " x " << in;
}

TEST(Products, TakesNoRowsAndOddWidths) {
  EXPECT_LT(difference(at::kBFloat16, 7, 33, {70}), 1e-4);
  Tensor nothing = at::empty({0, 4}, at::kFloat);
  multiply(packed_if_possible({at::randn({4, 6})}, at::kFloat), at::empty({0, 6}), nothing);
}

/// Numbers as they lie, without another order.
Matrix in_place(const Tensor& weight) {
  return {.out = weight.size(0), .in = weight.size(1), .type = weight.scalar_type(), .packed = {}, .plain = weight};
}

Tensor product(const Matrix& matrix, const Tensor& x) {
  Tensor result = at::empty({x.size(0), matrix.out}, at::kFloat);
  multiply(matrix, x, result);
  return result;
}

// As they lie in a safetensors file. UndefinedBehaviorSanitizer sees wider reads.
TEST(Products, TakesRowsThatAreAlignedForOneNumberOnly) {
  at::manual_seed(1);
  const Tensor weight = at::randn({50, 96}).to(at::kBFloat16), x = at::randn({40, 96});
  Tensor memory = at::empty({50 * 96 + 1}, at::kBFloat16);
  const Tensor shifted = memory.narrow(0, 1, 50 * 96).view({50, 96}).copy_(weight);
  EXPECT_TRUE(at::equal(product(packed_if_possible({shifted}, at::kBFloat16), x),
                        product(packed_if_possible({weight}, at::kBFloat16), x)));
  EXPECT_TRUE(at::equal(product(in_place(shifted), x), product(in_place(weight), x)));
}

TEST(Products, InPlaceKeepF32SumsToo) {
  at::manual_seed(1);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const Tensor x = at::randn({40, 96}).to(type), weight = at::randn({50, 96}).to(type);
    const Tensor exact = at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t());
    EXPECT_LT((product(in_place(weight), x).to(at::kDouble) - exact).abs().max().item<double>(), 1e-3) << type;
  }
}

// So that a result does not hang on what is computed beside it.
TEST(Products, OfARowAreTheSameAmongManyAndFew) {
  at::manual_seed(1);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const Matrix matrix = packed_if_possible({at::randn({200, 640}).to(type)}, type);
    if (!matrix.packed.defined()) continue;
    const Tensor x = at::randn({300, 640}), all = product(matrix, x);
    for (const std::int64_t rows : {1, 33, 130})
      EXPECT_TRUE(at::equal(product(matrix, x.narrow(0, 0, rows)), all.narrow(0, 0, rows))) << type << " " << rows;
  }
}

// Of half precision that f32 is multiplied with, in both ways.
TEST(HalvesInF32, AreMultipliedAsF32Is) {
  at::manual_seed(1);
  for (const at::ScalarType stored : {at::kBFloat16, at::kHalf})
    for (const std::int64_t in : {48, 1300}) {
      const Tensor first = at::randn({150, in}).to(stored), second = at::randn({50, in}).to(stored),
                   x = at::randn({300, in});
      const Matrix f32 = packed_if_possible({first.to(at::kFloat), second.to(at::kFloat)}, at::kFloat);
      const Tensor expected = product(f32, x), exact = at::matmul(x.to(at::kDouble), f32.values().to(at::kDouble).t());
      const double error = (expected.to(at::kDouble) - exact).abs().max().item<double>();
      for (const HalvesInF32 way : {HalvesInF32::widened, HalvesInF32::in_parts}) {
        const Matrix matrix = packed_if_possible({first, second}, at::kFloat, way);
        if (!matrix.packed.defined()) continue;
        EXPECT_EQ(matrix.packed.scalar_type(), stored);
        const bool in_parts = way == HalvesInF32::in_parts && stored == at::kBFloat16 && packs(at::kBFloat16);
        EXPECT_EQ(matrix.in_parts, in_parts);
        const Tensor values = matrix.values(), some = product(matrix, x);
        EXPECT_EQ(values.scalar_type(), at::kFloat);
        EXPECT_TRUE(at::equal(values, f32.values()));
        // In parts it is as near to the exact product as f32 comes.
        if (in_parts) {
          EXPECT_LT((some.to(at::kDouble) - exact).abs().max().item<double>(), 2 * error) << in;
        } else {
          EXPECT_TRUE(at::equal(some, expected)) << stored << " " << in;
        }
        for (const std::int64_t rows : {1, 33, 130})
          EXPECT_TRUE(at::equal(product(matrix, x.narrow(0, 0, rows)), some.narrow(0, 0, rows))) << rows;
        EXPECT_TRUE(at::equal(product(matrix.part(64, 100), x), some.narrow(1, 64, 100)));
      }
    }
}

TEST(HalvesInF32, GiveHalvesToACurve) {
  at::manual_seed(1);
  const Tensor weight = at::randn({256, 96}).to(at::kBFloat16), x = at::randn({70, 96});
  Combine* const sum = [](const float* first, const float* second, float* out, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = first[i] + second[i];
  };
  for (const HalvesInF32 way : {HalvesInF32::widened, HalvesInF32::in_parts}) {
    const Matrix matrix = packed_if_possible({weight}, at::kFloat, way);
    if (!has_halves(matrix)) continue;
    const Tensor sums = at::empty({70, 128}), both = product(matrix, x);
    multiply_halves(matrix, x, *sum, sums);
    EXPECT_TRUE(at::equal(sums, both.narrow(1, 0, 128) + both.narrow(1, 128, 128)));
  }
}

TEST(HalvesInF32, OfUnlikePartsAreF32) {
  const Tensor half = at::randn({64, 8}).to(at::kBFloat16), whole = at::randn({64, 8});
  const Matrix matrix = packed_if_possible({half, whole}, at::kFloat);
  EXPECT_TRUE(at::equal(matrix.values(), at::cat({half.to(at::kFloat), whole})));
}

TEST(HalvesInF32, LoseNothingThatIsNotFinite) {
  const Tensor weight = at::randn({64, 64}).to(at::kBFloat16);
  for (const HalvesInF32 way : {HalvesInF32::widened, HalvesInF32::in_parts})
    for (const double fault : {double(INFINITY), double(-INFINITY), double(NAN)}) {
      Tensor x = at::ones({3, 64});
      x[1][5] = fault;
      const Tensor result = product(packed_if_possible({weight}, at::kFloat, way), x);
      EXPECT_FALSE(result[1].isfinite().any().item<bool>());
      EXPECT_TRUE(result[0].isfinite().all().item<bool>());
    }
}

TEST(PackedMatrix, GivesItsRowsAndPartsAsTheyWere) {
  at::manual_seed(1);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const Tensor weight = at::randn({200, 96}).to(type), x = at::randn({5, 96});
    const Matrix matrix = packed_if_possible({weight}, type);
    EXPECT_TRUE(at::equal(matrix.values(), weight)) << type;
    const Tensor index = at::tensor(std::vector<std::int64_t>{199, 0, 64, 63, 0});
    EXPECT_TRUE(at::equal(matrix.rows(index), weight.index_select(0, index).to(at::kFloat))) << type;
    EXPECT_TRUE(at::equal(product(matrix.part(64, 100), x), product(matrix, x).narrow(1, 64, 100))) << type;
  }
}

}  // namespace
}  // namespace tertium::cpu
