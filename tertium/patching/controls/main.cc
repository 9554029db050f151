#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) { return {request.recipient}; }

}  // namespace

extern const Control main_control = {
    .name = "main",
    .rules_out = "nothing: the same item in the donor language, whose effect is asked for",
    .language = DonorLanguage::donor,
    .donors = donors,
};

}  // namespace tertium
