#include "tertium/patching/sweep.h"

namespace tertium {

Sweep make_sweep(const Question& question, std::span<const DonorRun> donors, int blocks, int width) {
  Sweep sweep{.job = {.name = question.name}, .asked = std::vector<std::vector<AskedStrands>>(donors.size())};
  const AskedStrands clean = ask(sweep.job, question, /*whole_options=*/false);
  for (std::size_t d = 0; d < donors.size(); ++d) {
    for (int b = 0; b < blocks; ++b) {
      const int entered = b + 1;  // resid_post of block b is stream index b + 1
      const AskedStrands asked = ask_branched(sweep.job, question, clean, question.last_row(), entered, blocks);
      const std::span<const float> state = donors[d].resid.subspan(static_cast<std::size_t>(entered) * width, width);
      sweep.job.edits.push_back({asked.context, 0, {SiteKind::resid_post, b}, state});
      sweep.asked[d].push_back(asked);
    }
  }
  return sweep;
}

}  // namespace tertium
