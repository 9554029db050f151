// Attribution of ablations: each estimate must be the slope of what the engine computes when a place is taken out a
// little.
#include <gtest/gtest.h>

#include <cmath>
#include <list>
#include <map>

#include "tertium/engine/engine.h"
#include "tertium/engine/intervene.h"
#include "tertium/experiment/scoring.h"
#include "tertium/metrics/metric.h"
#include "tertium/model/config.h"
#include "tertium/patching/ablation.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"
#include "tertium/screening/attribution.h"
#include "tests/support/files.h"
#include "tests/support/one_thread.h"
#include "tests/support/three_options.h"

namespace tertium {
namespace {

using test::kGold;
using test::letters;

Question loglik(std::vector<TokenId> context = {5, 17, 40, 8, 23, 61, 9}) {
  return {.name = "loglik",
          .protocol = Protocol::loglik,
          .context = std::move(context),
          .options = {{30, 12}, {31, 7, 44}, {50, 3}}};
}

class AblationAttributionOf : public testing::TestWithParam<const char*> {
 protected:
  /// x + dose (mean - x) at all rows.
  void take_out(Job& job, const CleanPart& clean, Site site, const std::vector<float>& mean, double dose) {
    std::vector<float>& map = maps_.emplace_back(mean.size() * mean.size());  // to the mean, wherever from
    map.insert(map.end(), mean.begin(), mean.end());
    add_again(job, clean, site.block, [&](int strand, int) {
      everywhere(job, strand, site, {.values = map, .operation = Operation::map, .dose = static_cast<float>(dose)});
    });
  }

  double margin_at(const Question& question, Site site, const std::vector<float>& mean, double dose) {
    Job job{.name = question.name};
    const AskedStrands asked = ask(job, question, false);
    const CleanPart clean(job);
    take_out(job, clean, site, mean, dose);
    JobResult result = engine.run(job);
    return margin(compared(question, option_scores(question, asked, take_part(result, clean, 1))), kGold);
  }

  std::vector<TextStates> states_at(const Question& statements, Site site, const std::vector<float>& mean,
                                    double dose) {
    Job job{.name = statements.name};
    const AskedStrands asked = ask(job, statements, true);
    for (const int option : asked.options) {
      job.recordings.push_back({option, job.strands[option].rows() - 1, 1, Quantity::resid});
      job.recordings.push_back({option, job.strands[option].rows() - 1, 1, Quantity::final_norm});
    }
    const CleanPart clean(job);
    take_out(job, clean, site, mean, dose);
    JobResult result = engine.run(job);
    JobResult own = take_part(result, clean, 1);
    std::vector<TextStates> states;
    for (std::size_t k = 0; k < asked.options.size(); ++k)
      states.push_back({std::move(own.recordings[2 * k]), std::move(own.recordings[2 * k + 1])});
    return states;
  }

  double alignment_at(Site site, const std::vector<float>& mean, double dose) {
    const auto a = states_at(loglik({70, 3, 28, 44, 19}), site, mean, dose), b = states_at(loglik(), site, mean, dose);
    double sum = 0;
    const int blocks = engine.model().config().block_count();
    for (int index = 0; index <= blocks; ++index) {
      const StatementCosines cosines = statement_cosines(a, b, static_cast<std::size_t>(index));
      sum += least_diagonal(cosines.across) - largest_off_diagonal(cosines.across);
    }
    return sum / (blocks + 1);
  }

  std::vector<Site> places() const {
    std::vector<Site> sites;
    for (const Ablation& one :
         ablations_of({.components = {Component::attn_out, Component::mlp_out, Component::z}}, engine.model().config()))
      sites.push_back(one.sites().front());
    return sites;
  }

  std::vector<float> mean_at(Site site) const {
    std::vector<float> mean(site_width(engine.model().config(), site));
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = 0.1f * std::sin(static_cast<float>(i + site.block));
    return mean;
  }

  const test::OneThread one_thread;
  const Engine engine{Model::load(test::source_folder() / "tests/fixtures/golden" / GetParam(), "f32")};

 private:
  std::list<std::vector<float>> maps_;
};

INSTANTIATE_TEST_SUITE_P(Families, AblationAttributionOf, testing::Values("gemma3", "gpt_neox"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(AblationAttributionOf, EveryPlaceIsTheSlopeOfTheMargin) {
  constexpr double kDose = 0.02;
  std::map<Site, std::vector<float>> means;
  for (const Site site : places()) means[site] = mean_at(site);
  for (const Question& question : {letters(), loglik()})
    for (const bool zero : {true, false}) {
      SiteMeans put_in;
      if (!zero) put_in = [&](Site site) { return std::span<const float>(means.at(site)); };
      const AblationAttribution found = attribute_ablations(engine.model(), {&question, put_in}, kGold, {}, {});
      EXPECT_EQ(found.of_margin.size(), places().size());
      EXPECT_TRUE(found.of_alignment.empty());
      for (const auto& [site, estimate] : found.of_margin) {
        const std::vector<float> mean = zero ? std::vector<float>(means.at(site).size()) : means.at(site);
        const double slope =
            (margin_at(question, site, mean, kDose) - margin_at(question, site, mean, -kDose)) / (2 * kDose);
        EXPECT_NEAR(estimate, slope, 1e-3 + 0.02 * std::abs(slope)) << question.name << " " << to_string(site);
      }
    }
}

TEST_P(AblationAttributionOf, EveryPlaceIsTheSlopeOfAlignment) {
  constexpr double kDose = 0.02;
  const Question pivot = loglik({70, 3, 28, 44, 19}), own = loglik();
  const AblationAttribution found = attribute_ablations(engine.model(), {&own}, kGold, {&pivot}, {&own});
  EXPECT_EQ(found.of_alignment.size(), places().size());
  for (const auto& [site, estimate] : found.of_alignment) {
    const std::vector<float> zero(mean_at(site).size());
    const double slope = (alignment_at(site, zero, kDose) - alignment_at(site, zero, -kDose)) / (2 * kDose);
    EXPECT_NEAR(estimate, slope, 1e-3 + 0.03 * std::abs(slope)) << to_string(site);
  }
}

}  // namespace
}  // namespace tertium
