#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) { return {request.recipient}; }

void blend(const Ingredients& from, std::span<float> into) {
  for (std::size_t k = 0; k < into.size(); ++k) into[k] = from.own[k] + (from.donor_mean[k] - from.recipient_mean[k]);
}

}  // namespace

extern const Control mean_shift_control = {
    .name = "mean_shift",
    .rules_out =
        "language identity without content: the item's own state, moved by the difference of the languages' means",
    .language = DonorLanguage::recipient,
    .donors = donors,
    .blend = blend,
    .takes_means = true,
};

}  // namespace tertium
