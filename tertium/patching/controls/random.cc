#include <numeric>

#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) {
  std::vector<std::size_t> all(request.items.size());
  std::iota(all.begin(), all.end(), 0);
  return draw(request, "random", std::move(all));
}

}  // namespace

extern const Control random_control = {
    .name = "random",
    .rules_out = "that any state of the donor language helps: any other item",
    .language = DonorLanguage::donor,
    .donors = donors,
    .is_drawn = true,
};

}  // namespace tertium
