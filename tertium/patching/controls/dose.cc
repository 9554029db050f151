#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) { return {request.recipient}; }

void blend(const Ingredients& from, std::span<float> into) {
  const auto dose = static_cast<float>(from.dose);
  for (std::size_t k = 0; k < into.size(); ++k) into[k] = (1 - dose) * from.own[k] + dose * from.donor[k];
}

}  // namespace

extern const Control dose_control = {
    .name = "dose",
    .rules_out = "effects of all or nothing: only a share of main's, the rest the item's own",
    .language = DonorLanguage::donor,
    .donors = donors,
    .blend = blend,
    .takes_dose = true,
};

}  // namespace tertium
