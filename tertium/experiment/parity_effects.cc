#include "tertium/experiment/parity_effects.h"

#include <functional>
#include <list>

#include "tertium/engine/engine.h"
#include "tertium/engine/intervene.h"
#include "tertium/experiment/golden_file.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

// What the file's interventions take.
constexpr char kVector[] = "vector", kMatrix[] = "matrix", kBias[] = "bias";
constexpr float kAdded = 2, kMapped = 0.5;

std::vector<float> joined(const std::vector<std::vector<float>>& parts) {
  std::vector<float> all;
  for (const std::vector<float>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// The runs of one file.
class Effects {
 public:
  Effects(const Engine& engine, const GoldenFile& golden)
      : engine_(engine), golden_(golden), ids_(golden.ids("ids.0", config().vocabulary)) {}

  void compare(const CompareQuantity& compare) {
    const std::int64_t blocks = config().block_count(), heads = config().heads, words = config().vocabulary;
    const Change zero{.values = {}, .operation = Operation::zero};
    const auto at_blocks = [&](const char* name, SiteKind kind, const std::function<Change()>& change,
                               FirstToken first = FirstToken::included) {
      if (!golden_.has(name)) return;
      const Change made = change();
      compare(name, by_block([&](Job& job, int strand, int b) {
                everywhere(job, strand, {kind, b}, made, first);
              }),
              {blocks, words});
    };
    if (golden_.has("ablated.block"))
      compare("ablated.block", by_block([](Job& job, int strand, int b) { skip_block(job, strand, b); }),
              {blocks, words});
    at_blocks("ablated.attn_out", SiteKind::attn_out, [&] { return zero; });
    at_blocks("ablated.mlp_out", SiteKind::mlp_out, [&] { return zero; });
    if (golden_.has("ablated.z")) compare("ablated.z", by_head([&](Site) { return zero; }), {blocks, heads, words});
    if (golden_.has("ablated.z_mean")) {
      const std::vector<float> means = donor_means();
      const auto mean = [&](Site site) {
        return Change{
            .values = std::span(means).subspan(
                (static_cast<std::size_t>(site.block) * heads + site.head) * config().head_dim, config().head_dim)};
      };
      compare("ablated.z_mean", by_head(mean), {blocks, heads, words});
    }
    const std::size_t width = config().hidden;
    const auto vector = [&] { return kept(golden_.floats(kVector, {config().hidden})); };
    at_blocks("added.resid_post", SiteKind::resid_post,
              [&] { return Change{.values = vector(), .operation = Operation::add, .dose = kAdded}; });
    at_blocks(
        "renormed.resid_post", SiteKind::resid_post,
        [&] { return Change{.values = vector(), .operation = Operation::add, .dose = kAdded, .renormed = true}; },
        FirstToken::left_out);
    at_blocks("projected.resid_post", SiteKind::resid_post, [&] {
      return Change{.values = kept(orthonormal(vector(), width, golden_.path() + ": tensor \"vector\"")),
                    .operation = Operation::project};
    });
    if (golden_.has("mapped.resid_post")) {
      std::vector<float> map = golden_.floats(kMatrix, {config().hidden, config().hidden});
      const std::vector<float> bias = golden_.floats(kBias, {config().hidden});
      map.insert(map.end(), bias.begin(), bias.end());
      const Change change{.values = kept(std::move(map)), .operation = Operation::map, .dose = kMapped};
      const auto at_last = [&](Job& job, int strand, int b) {
        job.interventions.push_back({strand, last_row(), {SiteKind::resid_post, b}, change});
      };
      compare("mapped.resid_post", by_block(at_last), {blocks, words});
    }
  }

 private:
  using Intervene = std::function<void(Job& job, int strand, int block)>;

  const Config& config() const { return engine_.model().config(); }
  int last_row() const { return static_cast<int>(ids_.size()) - 1; }

  /// Numbers that outlive the runs.
  std::span<const float> kept(std::vector<float> numbers) { return kept_.emplace_back(std::move(numbers)); }

  /// The logits of one run an intervention, each a branch of all rows from its block on.
  void add_run(Job& job, int block, const Intervene& intervene) const {
    const auto strand = static_cast<int>(job.strands.size());
    job.strands.push_back({.branch = Branch{0, 0, last_row() + 1, block}});
    intervene(job, strand, block);
    job.readings.push_back({strand, last_row(), Readout::logits, {}});
  }

  std::vector<float> by_block(const Intervene& intervene) const {
    Job job{.name = golden_.path(), .strands = {{.tokens = ids_}}};
    for (int b = 0; b < config().block_count(); ++b) add_run(job, b, intervene);
    return joined(engine_.run(job).readings);
  }

  std::vector<float> by_head(const std::function<Change(Site)>& change) const {
    Job job{.name = golden_.path(), .strands = {{.tokens = ids_}}};
    for (int b = 0; b < config().block_count(); ++b)
      for (int head = 0; head < config().heads; ++head)
        add_run(job, b, [&](Job& into, int strand, int block) {
          const Site site{SiteKind::z, block, head};
          everywhere(into, strand, site, change(site));
        });
    return joined(engine_.run(job).readings);
  }

  /// What each head gathers, on average over the rows of ids.1, [L, H, head_dim].
  std::vector<float> donor_means() const {
    Job job{.name = golden_.path(), .strands = {{.tokens = golden_.ids("ids.1", config().vocabulary)}}};
    const int rows = job.strands[0].rows();
    job.recordings.push_back({0, 0, rows, Quantity::z});
    const std::vector<float> z = engine_.run(job).recordings[0];  // [L, rows, H * head_dim]
    const std::size_t width = width_of(config(), Quantity::z);
    std::vector<float> means(config().block_count() * width);
    for (std::size_t i = 0; i < means.size(); ++i) {
      double sum = 0;
      for (int r = 0; r < rows; ++r) sum += z[(i / width * rows + r) * width + i % width];
      means[i] = static_cast<float>(sum / rows);
    }
    return means;
  }

  const Engine& engine_;
  const GoldenFile& golden_;
  const std::vector<std::int32_t> ids_;
  std::list<std::vector<float>> kept_;
};

}  // namespace

void compare_effects(const Engine& engine, const GoldenFile& golden, const CompareQuantity& compare) {
  Effects(engine, golden).compare(compare);
}

bool is_made_of(std::string_view tensor) { return tensor == kVector || tensor == kMatrix || tensor == kBias; }

}  // namespace tertium
