#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) {
  return draw(request, "same_language", with_gold(request, Gold::same, request.solved));
}

}  // namespace

extern const Control same_language_control = {
    .name = "same_language",
    .rules_out =
        "the donor language being special: an item solved in both languages with the same gold, in the recipient's own",
    .language = DonorLanguage::recipient,
    .donors = donors,
    .is_drawn = true,
};

}  // namespace tertium
