#include "tertium/patching/ablation.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "tertium/base/error.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

constexpr std::string_view kNames[] = {"block", "attn_out", "mlp_out", "z"};

/// Those that are wanted, or all; each must be there.
std::vector<int> chosen(const std::optional<std::vector<int>>& wanted, int count, std::string_view what) {
  if (!wanted) {
    std::vector<int> all(count);
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  for (const int one : *wanted)
    if (one >= count) fail("ablate.{}s: the model has no {} {}; they are 0 to {}", what, what, one, count - 1);
  return *wanted;
}

void ablate(Job& job, int strand, const Ablation& ablation, FirstToken first) {
  if (ablation.component == Component::block) return skip_block(job, strand, ablation.block, first);
  const SiteKind kind = ablation.component == Component::attn_out  ? SiteKind::attn_out
                        : ablation.component == Component::mlp_out ? SiteKind::mlp_out
                                                                   : SiteKind::z;
  everywhere(job, strand, {kind, ablation.block, ablation.head}, {.values = {}, .operation = Operation::zero}, first);
}

template <class T>
std::vector<T> taken(std::vector<T>& all, std::size_t first, std::size_t count) {
  const auto begin = std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(first));
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

std::string_view to_string(Component component) { return kNames[static_cast<std::size_t>(component)]; }

std::vector<std::string_view> component_names() { return {std::begin(kNames), std::end(kNames)}; }

Component component_named(std::string_view name) {
  return static_cast<Component>(std::ranges::find(kNames, name) - std::begin(kNames));
}

std::vector<Ablation> ablations_of(const AblateSpec& spec, const Config& config) {
  std::vector<Ablation> all;
  for (const Component component : spec.components)
    for (const int block : chosen(spec.blocks, config.block_count(), "block")) {
      if (component != Component::z)
        all.push_back({component, block});
      else
        for (const int head : chosen(spec.heads, config.heads, "head")) all.push_back({component, block, head});
    }
  return all;
}

double forwards_of(const AblateSpec& spec, const Config& config) {
  double blocks = config.block_count();
  for (const Ablation& ablation : ablations_of(spec, config)) blocks += config.block_count() - ablation.block;
  return blocks / config.block_count();
}

void add_ablated(Job& job, const CleanPart& clean, const Ablation& ablation, FirstToken first) {
  const auto offset = static_cast<int>(job.strands.size());
  for (int s = 0; s < clean.strands; ++s) {
    Strand branch{.branch = Branch{s, 0, job.strands[s].rows(), ablation.block}};
    if (const auto& prefix = job.strands[s].prefix) branch.prefix = Prefix{offset + prefix->strand, prefix->rows};
    job.strands.push_back(branch);
    ablate(job, offset + s, ablation, first);
  }
  for (std::size_t i = 0; i < clean.readings; ++i) {
    Reading reading = job.readings[i];
    reading.strand += offset;
    job.readings.push_back(std::move(reading));
  }
  for (std::size_t i = 0; i < clean.recordings; ++i) {
    Recording recording = job.recordings[i];
    recording.strand += offset;
    job.recordings.push_back(recording);
  }
}

JobResult take_part(JobResult& result, const CleanPart& clean, std::size_t n) {
  return {taken(result.recordings, n * clean.recordings, clean.recordings),
          taken(result.readings, n * clean.readings, clean.readings)};
}

}  // namespace tertium
