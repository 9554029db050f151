#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) { return {request.recipient}; }

}  // namespace

const Control main_control = {"main", "nothing: the same item in the pivot language, whose effect is asked for",
                              DonorLanguage::pivot, donors};

}  // namespace tertium
