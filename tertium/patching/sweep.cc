#include "tertium/patching/sweep.h"

#include <algorithm>

namespace tertium {
namespace {

/// Sweeps of one recipient, as they grow.
class Growing {
 public:
  Growing(const Question& question, int blocks, int most_rows)
      : question_(question), blocks_(blocks), most_rows_(most_rows) {
    begin();
  }

  void add(const Patch& patch) {
    // At least one patch follows each clean run.
    if (rows_ > most_rows_ && !sweeps_.back().asked.empty()) begin();
    int first_row = question_.last_row(), block = blocks_;
    for (const Patch::Value& value : patch.values) {
      first_row = std::min(first_row, value.row);
      block = std::min(block, canonical(value.site).block);
    }
    Job& job = sweeps_.back().job;
    const std::size_t before = job.strands.size();
    const AskedStrands asked =
        ask_branched(job, question_, clean_, first_row, block, blocks_, /*options_change=*/!patch.behind.empty());
    for (const Patch::Value& value : patch.values)
      job.interventions.push_back({asked.context, value.row - first_row, value.site, value.value});
    for (const auto& [site, change] : patch.behind)
      for (const int option : asked.options)
        if (option >= static_cast<int>(before))
          job.interventions.push_back({option, 0, site, change, job.strands[option].rows()});
    sweeps_.back().asked.push_back(asked);
    for (std::size_t s = before; s < job.strands.size(); ++s) rows_ += job.strands[s].rows();
  }

  std::vector<Sweep> take() { return std::move(sweeps_); }

 private:
  void begin() {
    Job& job = sweeps_.emplace_back(Sweep{.job = {.name = question_.name}, .asked = {}}).job;
    clean_ = ask(job, question_, /*whole_options=*/false);
    rows_ = job.rows();
  }

  const Question& question_;
  const int blocks_, most_rows_;
  std::vector<Sweep> sweeps_;
  AskedStrands clean_;
  int rows_ = 0;  // of the last sweep
};

}  // namespace

std::vector<Patch> resid_post_by_block(const Activations& donor, int donor_row, int row, int blocks) {
  std::vector<Patch> patches;
  for (int b = 0; b < blocks; ++b) {
    const Site site{SiteKind::resid_post, b};
    patches.push_back({{{row, site, donor.at(site, donor_row)}}});
  }
  return patches;
}

std::vector<Sweep> make_sweeps(const Question& question, std::span<const Patch> patches, int blocks, int most_rows) {
  Growing sweeps(question, blocks, most_rows);
  for (const Patch& patch : patches) sweeps.add(patch);
  return sweeps.take();
}

}  // namespace tertium
