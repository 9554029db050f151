#include "tertium/patching/control.h"
#include "tertium/patching/noise.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) {
  // The main donor gives the norm; each draw is another direction.
  return std::vector<std::size_t>(request.draws, request.recipient);
}

void blend(const Ingredients& from, std::span<float> into) {
  fill_with_noise(into, norm(from.donor), from.seed);
}

}  // namespace

extern const Control norm_noise_control = {
    .name = "norm_noise",
    .rules_out = "mere disturbance: a random direction of the length of main's",
    .language = DonorLanguage::donor,
    .donors = donors,
    .blend = blend,
    .is_drawn = true,
};

}  // namespace tertium
