#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) { return {request.recipient}; }

}  // namespace

extern const Control self_control = {
    .name = "self",
    .rules_out = "rounding and faults of the machinery: the item itself, which may change nothing",
    .language = DonorLanguage::recipient,
    .donors = donors,
};

}  // namespace tertium
