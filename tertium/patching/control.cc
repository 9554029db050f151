#include "tertium/patching/control.h"

#include <algorithm>
#include <utility>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"

namespace tertium {

const std::vector<const Control*>& controls() {
  static const std::vector<const Control*> all = {
#define TERTIUM_CONTROL(name) &name##_control,
#include "tertium/patching/controls.def"
#undef TERTIUM_CONTROL
  };
  return all;
}

const Control& control_named(std::string_view name) {
  std::vector<std::string> names;
  for (const Control* control : controls()) {
    if (control->name == name) return *control;
    names.emplace_back(control->name);
  }
  fail("control \"{}\": tertium knows {}", printable(name), join(names));
}

std::vector<std::size_t> draw(const DonorRequest& request, std::string_view control,
                              std::vector<std::size_t> candidates) {
  const Item& recipient = request.items[request.recipient];
  const auto rank = [&](std::size_t candidate) {
    return std::pair(
        stable_hash(request.seed, {recipient.language, control, recipient.id, request.items[candidate].id}), candidate);
  };
  std::sort(candidates.begin(), candidates.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(request.draws)));
  return candidates;
}

}  // namespace tertium
