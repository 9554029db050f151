#include "tertium/experiment/parity_effects.h"

#include <algorithm>
#include <functional>
#include <list>

#include "tertium/base/error.h"
#include "tertium/engine/engine.h"
#include "tertium/engine/intervene.h"
#include "tertium/engine/lens.h"
#include "tertium/experiment/golden_file.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

// What the file's interventions take.
constexpr char kVector[] = "vector", kMatrix[] = "matrix", kBias[] = "bias";
constexpr float kAdded = 2, kMapped = 0.5;

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
    if (golden_.has("lens")) compare("lens", lens(), {blocks + 1, words});
    if (golden_.has("forced.log_probs") || golden_.has("forced.patched")) compare_forced(compare);
    compare_generated(compare);
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

  /// At the last row of a text, [L + 1, D].
  std::vector<float> last_stream(const std::vector<std::int32_t>& ids) const {
    Job job{.name = golden_.path(), .strands = {{.tokens = ids}}};
    job.recordings.push_back({0, static_cast<int>(ids.size()) - 1, 1, Quantity::resid});
    return engine_.run(job).recordings[0];
  }

  /// The stream at the last row, read at every index as the last one is, [L + 1, V].
  std::vector<float> lens() const {
    const std::vector<float> stream = last_stream(ids_);
    const std::vector<LensQuestion> questions = {{golden_.path(), stream, Readout::logits, {}}};
    return read_lens(engine_.model(), questions).front().values;
  }

  /// Log-probabilities of ids.2 behind ids.0, and again with resid_post of each block at the last row of ids.0 taken
  /// from the last row of ids.1.
  void compare_forced(const CompareQuantity& compare) const {
    const std::vector<std::int32_t> forced = golden_.ids("ids.2", config().vocabulary);
    const auto count = static_cast<int>(forced.size()), blocks = config().block_count();
    const std::vector<float> given = last_stream(golden_.ids("ids.1", config().vocabulary));

    Job job{.name = golden_.path(), .strands = {{.tokens = ids_}}};
    if (count > 1)
      job.strands.push_back({.prefix = Prefix{0, last_row() + 1}, .tokens = {forced.begin(), forced.end() - 1}});
    const auto read = [&](int predicting, int row, int behind) {
      job.readings.push_back({predicting, row, Readout::log_probs, {forced[0]}});
      for (int i = 1; i < count; ++i) job.readings.push_back({behind, i - 1, Readout::log_probs, {forced[i]}});
    };
    read(0, last_row(), 1);
    for (int b = 0; b < blocks; ++b) {
      const auto patched = static_cast<int>(job.strands.size());
      job.strands.push_back({.prefix = Prefix{0, last_row()}, .branch = Branch{0, last_row(), 1, b + 1}});
      job.interventions.push_back(
          {patched,
           0,
           {SiteKind::resid_post, b},
           {.values = std::span(given).subspan(static_cast<std::size_t>(b + 1) * config().hidden, config().hidden)}});
      int behind = 1;  // behind the last block nothing looks back any more
      if (count > 1 && b + 1 < blocks) {
        behind = static_cast<int>(job.strands.size());
        job.strands.push_back({.prefix = Prefix{patched, 1}, .branch = Branch{1, 0, count - 1, b + 1}});
      }
      read(patched, 0, behind);
    }
    const std::vector<float> log_probs = joined(engine_.run(job).readings);
    compare("forced.log_probs", {log_probs.begin(), log_probs.begin() + count}, {count});
    compare("forced.patched", {log_probs.begin() + count, log_probs.end()}, {blocks, count});
  }

  /// What is gone on with: a job, its strand whose last row predicts the first token, and what is done to every row
  /// that is generated.
  struct Begun {
    Job job;
    int strand = 0;
    std::vector<std::pair<Site, Change>> everywhere;
  };

  /// Greedy continuations: as a file holds them, if each of its tokens is the likeliest behind those before it,
  /// whatever else is done to them. Each token is a run of its own, which sees the kept rows of those before it.
  void compare_generated(const CompareQuantity& compare) const {
    const std::int64_t blocks = config().block_count();
    constexpr std::int64_t kGenerated = 12, kChanged = 8;
    const auto table = [&](const char* name, const std::vector<std::int64_t>& shape,
                           const std::function<Begun(int block)>& begin) {
      if (!golden_.has(name)) return;
      const std::vector<float> theirs = golden_.floats(name, shape);
      const auto count = static_cast<std::size_t>(shape.back());
      std::vector<Begun> all;
      for (std::size_t b = 0; b < theirs.size() / count; ++b) all.push_back(begin(static_cast<int>(b)));
      compare(name, continued(std::move(all), theirs, count, name), shape);
    };
    const Job clean{.name = golden_.path(), .strands = {{.tokens = ids_}}};
    table("generated.ids", {kGenerated}, [&](int) { return Begun{clean}; });
    std::vector<float> given;
    if (golden_.has("generated.patched")) given = last_stream(golden_.ids("ids.1", config().vocabulary));
    table("generated.patched", {blocks, kChanged}, [&](int b) {
      const auto width = static_cast<std::size_t>(config().hidden);
      Begun begun{clean, 1, {}};
      begun.job.strands.push_back({.prefix = Prefix{0, last_row()}, .branch = Branch{0, last_row(), 1, b + 1}});
      begun.job.interventions.push_back(
          {1, 0, {SiteKind::resid_post, b}, {.values = std::span(given).subspan((b + 1) * width, width)}});
      return begun;
    });
    std::vector<float> vector;
    if (golden_.has("generated.steered")) vector = golden_.floats(kVector, {config().hidden});
    table("generated.steered", {blocks, kChanged}, [&](int b) {
      const Site site{SiteKind::resid_post, b};
      const Change change{.values = vector, .operation = Operation::add, .dose = kAdded};
      Begun begun{clean, 0, {{site, change}}};
      everywhere(begun.job, 0, site, change);
      return begun;
    });
  }

  /// The likeliest tokens behind each beginning of each row of `tokens` [n, count]; one of `tokens` itself where it is
  /// as likely but for rounding.
  std::vector<float> continued(std::vector<Begun> all, std::span<const float> tokens, std::size_t count,
                               const char* name) const {
    std::vector<float> likeliest(tokens.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<Job> jobs;
      for (Begun& begun : all) {
        begun.job.kept = {begun.strand};
        begun.job.readings = {{begun.strand, begun.job.strands[begun.strand].rows() - 1, Readout::logits, {}}};
        jobs.push_back(begun.job);
      }
      engine_.run(jobs, [&](std::size_t n, const JobResult& result) {
        likeliest[n * count + i] = likeliest_or(tokens[n * count + i], result.readings[0], name);
        Job& job = all[n].job;
        job = {.name = golden_.path(), .strands = {{.past = result.kept[0]}}};
        job.strands[0].tokens = {static_cast<std::int32_t>(tokens[n * count + i])};
        for (const auto& [site, change] : all[n].everywhere) job.interventions.push_back({0, 0, site, change});
        all[n].strand = 0;
      });
    }
    return likeliest;
  }

  /// The likeliest token by its logits; `wanted` where it is as likely but for rounding.
  float likeliest_or(float wanted, const std::vector<float>& logits, const char* name) const {
    constexpr float kRounding = 1e-3f;
    if (!(wanted >= 0 && wanted < static_cast<float>(config().vocabulary)))
      fail("{}: tensor \"{}\" holds an id that the model has no embedding for", golden_.path(), name);
    const auto best = static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
    const bool as_good = logits[static_cast<std::size_t>(wanted)] >= logits[best] - kRounding;
    return as_good ? wanted : static_cast<float>(best);
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

std::vector<float> joined(const std::vector<std::vector<float>>& parts) {
  std::vector<float> all;
  for (const std::vector<float>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

void compare_effects(const Engine& engine, const GoldenFile& golden, const CompareQuantity& compare) {
  Effects(engine, golden).compare(compare);
}

bool is_made_of(std::string_view tensor) {
  return tensor == kVector || tensor == kMatrix || tensor == kBias ||
         (tensor.starts_with("generated.") && tensor.ends_with("gap"));
}

}  // namespace tertium
