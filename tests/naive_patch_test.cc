// The engine's strands against patching as it is defined: two whole forward passes and an edit by hook.
#include <gtest/gtest.h>

#include <random>

#include "tertium/engine/engine.h"
#include "tertium/model/config.h"
#include "tests/support/files.h"
#include "tests/support/naive_patch.h"
#include "tests/support/one_thread.h"

namespace tertium {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr float kTolerance = 5e-5f;  // logits of the golden models are of order 1

Ids random_ids(int count, unsigned seed) {
  std::mt19937 generator(seed);
  Ids ids(count);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(3 + generator() % 90);
  return ids;
}

enum class Donor { self, other, noise };

/// One patch: at these rows of the recipient, the donor's.
struct Patch {
  Site site;
  Donor donor;
  std::vector<int> rows, donor_rows;
};

void PrintTo(const Patch& patch, std::ostream* out) {
  *out << to_string(patch.site) << ", donor " << static_cast<int>(patch.donor) << ", rows "
       << testing::PrintToString(patch.rows);
}

class NaivePatching : public testing::TestWithParam<const char*> {
 protected:
  const Config& config() const { return engine.model().config(); }

  /// Every site of every block; where it has heads, all of them, and the last one alone.
  std::vector<Site> sites() const {
    std::vector<Site> all;
    for (int b = 0; b < config().block_count(); ++b) {
      for (const SiteInfo& info : site_kinds()) {
        if (!has_site(config(), info.kind)) continue;
        all.push_back({info.kind, b});
        if (is_per_head(info.kind)) all.push_back({info.kind, b, site_heads(config(), info.kind) - 1});
      }
    }
    return all;
  }

  /// Every site x position (last, one in the middle, several at once) x donor.
  std::vector<Patch> patches() const {
    const int last = static_cast<int>(recipient.size()) - 1, other_last = static_cast<int>(other.size()) - 1;
    std::vector<Patch> all;
    for (const Site site : sites())
      for (const Donor donor : {Donor::self, Donor::other, Donor::noise}) {
        const auto add = [&](const std::vector<int>& rows, const std::vector<int>& others) {
          all.push_back({site, donor, rows, donor == Donor::other ? others : rows});
        };
        add({last}, {other_last});
        add({7}, {4});
        add({2, 9, last}, {3, 4, other_last});
      }
    return all;
  }

  std::vector<float> noise(const Patch& patch) const {
    std::mt19937 generator(patch.site.block + 1);
    std::normal_distribution<float> normal;
    std::vector<float> values(patch.rows.size() * site_width(config(), patch.site));
    for (float& value : values) value = normal(generator);
    return values;
  }

  const Ids& donor_ids(const Patch& patch) const { return patch.donor == Donor::other ? other : recipient; }

  std::vector<float> naive_values(const Patch& patch) const {
    return patch.donor == Donor::noise
               ? noise(patch)
               : test::naive_rows(engine.model(), donor_ids(patch), patch.site, patch.donor_rows);
  }

  /// The same as the engine records it.
  std::vector<float> recorded_values(const Patch& patch) const {
    if (patch.donor == Donor::noise) return noise(patch);
    const int layer = canonical(patch.site).block;
    const auto& all_rows = patch.donor == Donor::other ? other_recordings : own_recordings;
    const std::vector<float>& recorded = all_rows.at(quantity_of(patch.site.kind));
    const std::size_t rows = donor_ids(patch).size(), width = site_width(config(), {patch.site.kind, patch.site.block}),
                      taken = site_width(config(), patch.site),
                      first = patch.site.head == Site::kNoHead ? 0 : patch.site.head * taken;
    std::vector<float> values;
    for (const int row : patch.donor_rows) {
      const auto from = recorded.begin() + static_cast<std::ptrdiff_t>((layer * rows + row) * width + first);
      values.insert(values.end(), from, from + static_cast<std::ptrdiff_t>(taken));
    }
    return values;
  }

  std::map<Quantity, std::vector<float>> recordings(const Ids& ids) const {
    Job job{.strands = {{.tokens = ids}}};
    std::vector<Quantity> quantities;
    for (const SiteInfo& info : site_kinds())
      if (has_site(config(), info.kind) && info.kind != SiteKind::resid_post)
        quantities.push_back(quantity_of(info.kind));
    for (const Quantity quantity : quantities) job.recordings.push_back({0, 0, static_cast<int>(ids.size()), quantity});
    JobResult result = engine.run(job);
    std::map<Quantity, std::vector<float>> by_quantity;
    for (std::size_t i = 0; i < quantities.size(); ++i) by_quantity[quantities[i]] = std::move(result.recordings[i]);
    return by_quantity;
  }

  /// Adds a patched run to a job whose strand 0 is the clean one and strand 1 an option hanging on it; reads the last
  /// rows of the patched context and of the option behind it.
  void add_patched(Job& job, const Patch& patch, std::span<const float> values) const {
    const int first = patch.rows.front(), rows = static_cast<int>(recipient.size()) - first,
              joining = canonical(patch.site).block,
              context = static_cast<int>(job.strands.size());
    job.strands.push_back({.prefix = Prefix{0, first}, .branch = Branch{0, first, rows, joining}});
    job.strands.push_back(
        {.prefix = Prefix{context, rows}, .branch = Branch{1, 0, static_cast<int>(option.size()), joining}});
    const std::size_t width = site_width(config(), patch.site);
    for (std::size_t r = 0; r < patch.rows.size(); ++r)
      job.interventions.push_back({context, patch.rows[r] - first, patch.site, values.subspan(r * width, width)});
    job.readings.push_back({context, rows - 1, Readout::logits, {}});
    job.readings.push_back({context + 1, static_cast<int>(option.size()) - 1, Readout::logits, {}});
  }

  const test::OneThread one_thread;
  const Engine engine{Model::load(test::source_folder() / "tests/fixtures/golden" / GetParam(), "f32")};
  const Ids recipient = random_ids(14, 1), other = random_ids(11, 2), option = random_ids(3, 3);
  const std::map<Quantity, std::vector<float>> own_recordings = recordings(recipient),
                                               other_recordings = recordings(other);
};

// Windows, norms of q and k by head and over all, q, k and v in one matrix, parallel blocks, neighbours that rotate,
// keys that heads share, experts, ALiBi.
const auto kFamilies = testing::Values("llama", "gemma3", "gpt_neox", "qwen3_moe", "bloom", "olmo2", "cohere", "phi3");
INSTANTIATE_TEST_SUITE_P(Families, NaivePatching, kFamilies,
                         [](const auto& info) { return std::string(info.param); });

TEST_P(NaivePatching, IsWhatStrandsComputeForEverySitePositionAndDonor) {
  const std::vector<Patch> all = patches();
  std::vector<std::vector<float>> values;
  for (const Patch& patch : all) values.push_back(recorded_values(patch));
  Job job{
      .strands = {{.tokens = recipient}, {.prefix = Prefix{0, static_cast<int>(recipient.size())}, .tokens = option}}};
  for (std::size_t p = 0; p < all.size(); ++p) add_patched(job, all[p], values[p]);
  const JobResult strands = engine.run(job);

  Ids whole = recipient;
  whole.insert(whole.end(), option.begin(), option.end());
  const auto expect_row = [&](const std::vector<float>& logits, std::size_t row, const std::vector<float>& ours) {
    for (int v = 0; v < config().vocabulary; ++v)
      ASSERT_NEAR(ours[v], logits[row * config().vocabulary + v], kTolerance) << "row " << row << ", word " << v;
  };
  for (std::size_t p = 0; p < all.size(); ++p) {
    SCOPED_TRACE(testing::PrintToString(all[p]));
    const std::vector<float> naive =
        test::naive_logits(engine.model(), whole, {{all[p].site, all[p].rows, naive_values(all[p])}});
    ASSERT_NO_FATAL_FAILURE(expect_row(naive, recipient.size() - 1, strands.readings[2 * p]));
    ASSERT_NO_FATAL_FAILURE(expect_row(naive, whole.size() - 1, strands.readings[2 * p + 1]));
  }
}

TEST_P(NaivePatching, ByItselfChangesNothingAndByAnotherDoes) {
  const std::vector<float> clean = test::naive_logits(engine.model(), recipient);
  for (const Patch& patch : patches()) {
    if (patch.rows.size() != 3 || patch.donor == Donor::noise) continue;
    const std::vector<float> patched =
        test::naive_logits(engine.model(), recipient, {{patch.site, patch.rows, naive_values(patch)}});
    if (patch.donor == Donor::self)
      EXPECT_EQ(patched, clean) << testing::PrintToString(patch);
    else
      EXPECT_NE(patched, clean) << testing::PrintToString(patch);
  }
}

}  // namespace
}  // namespace tertium
