#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) {
  return draw(request, "other_gold", with_gold(request, Gold::other, request.pool));
}

}  // namespace

extern const Control other_gold_control = {
    .name = "other_gold",
    .rules_out = "knowing the answer: another item of the pool with a different gold, whose own letter may be copied",
    .language = DonorLanguage::donor,
    .donors = donors,
    .is_drawn = true,
};

}  // namespace tertium
