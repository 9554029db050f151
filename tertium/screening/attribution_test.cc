#include "tertium/screening/attribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tertium/model/config.h"
#include "tests/support/files.h"
#include "tests/support/naive_patch.h"
#include "tests/support/one_thread.h"
#include "tests/support/three_options.h"

namespace tertium {
namespace {

using test::kGold;
using test::letters;

Question loglik() {
  return {.name = "loglik",
          .protocol = Protocol::loglik,
          .context = {5, 17, 40, 8, 23, 61, 9},
          .options = {{30, 12}, {31, 7, 44}, {50}}};
}

Question donor() {
  return {
      .name = "donor", .protocol = Protocol::letters, .context = {70, 3, 28, 44, 19}, .options = {{30}, {31}, {32}}};
}

std::vector<RowMatch> matches() { return {{"last", {6}, {4}}, {"markers", {2, 5}, {1, 3}}}; }

class AttributionOf : public testing::TestWithParam<const char*> {
 protected:
  /// The place's rows moved by `dose` of the way from the recipient's activations to the donor's.
  double margin_at(const Question& question, const PatchPlace& place, double dose) const {
    const std::vector<RowMatch> all = matches();
    const RowMatch& match =
        *std::find_if(all.begin(), all.end(), [&](const RowMatch& m) { return m.position == place.position; });
    std::vector<float> values = test::naive_rows(model, question.context, place.site, match.recipient);
    const std::vector<float> donated = test::naive_rows(model, donor().context, place.site, match.donor);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += static_cast<float>(dose) * (donated[i] - values[i]);
    return test::naive_margin(model, question, kGold, {{place.site, match.recipient, values}});
  }

  const test::OneThread one_thread;
  const Model model = Model::load(test::source_folder() / "tests/fixtures/golden" / GetParam(), "f32");
};

INSTANTIATE_TEST_SUITE_P(Families, AttributionOf, testing::Values("gemma3", "gpt_neox", "qwen3_moe"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(AttributionOf, EveryPlaceIsTheSlopeOfItsPatch) {
  constexpr double kDose = 0.02;
  for (const Question& question : {letters(), loglik()}) {
    const Attribution found = attribute(model, question, kGold, donor(), matches());
    EXPECT_NEAR(found.margin, test::naive_margin(model, question, kGold), 1e-5);
    for (const auto& [place, estimate] : found.estimates) {
      const double slope = (margin_at(question, place, kDose) - margin_at(question, place, -kDose)) / (2 * kDose);
      EXPECT_NEAR(estimate, slope, 1e-3 + 0.02 * std::abs(slope))
          << question.name << " " << to_string(place.site) << " " << place.position;
    }
  }
}

TEST_P(AttributionOf, CoversEveryPlaceOnce) {
  const Attribution found = attribute(model, letters(), kGold, donor(), matches());
  const Config& config = model.config();
  // attn_out, mlp_out, resid_post; resid_mid where there is one; every head; and the embeddings.
  const int in_a_block = 3 + !config.parallel + 2 * config.heads + 2 * config.kv_heads;
  EXPECT_EQ(found.estimates.size(), matches().size() * (config.block_count() * in_a_block + 1));
}

TEST_P(AttributionOf, OfAnItemToItselfIsNothing) {
  const std::vector<RowMatch> own = {{"last", {6}, {6}}, {"markers", {2, 5}, {2, 5}}};
  for (const auto& [place, estimate] : attribute(model, loglik(), kGold, loglik(), own).estimates)
    EXPECT_NEAR(estimate, 0, 1e-5) << to_string(place.site);
}

TEST(Attribution, SaysThatItNeedsF32) {
  const Model half = Model::load(test::source_folder() / "tests/fixtures/golden/llama", "bf16");
  EXPECT_NE(test::error_of([&] { attribute(half, letters(), kGold, donor(), matches()); }).find("f32"),
            std::string::npos);
}

}  // namespace
}  // namespace tertium
