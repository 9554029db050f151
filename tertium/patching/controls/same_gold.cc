#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) {
  return draw(request, "same_gold", with_gold(request, Gold::same, request.pool));
}

}  // namespace

extern const Control same_gold_control = {
    .name = "same_gold",
    .rules_out = "copying of the answer's letter: another item of the pool with the same gold position",
    .language = DonorLanguage::donor,
    .donors = donors,
    .is_drawn = true,
};

}  // namespace tertium
