#include "tertium/patching/control.h"

#include <algorithm>
#include <utility>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/names.h"
#include "tertium/base/text.h"

namespace tertium {

#define TERTIUM_CONTROL(name) extern const Control name##_control;
#include "tertium/patching/controls.def"
#undef TERTIUM_CONTROL

const std::vector<const Control*>& controls() {
  static const std::vector<const Control*> all = {
#define TERTIUM_CONTROL(name) &name##_control,
#include "tertium/patching/controls.def"
#undef TERTIUM_CONTROL
  };
  return all;
}

const Control& control_named(std::string_view name) {
  for (const Control* control : controls())
    if (control->name == name) return *control;
  fail("control \"{}\": tertium knows {}", printable(name), join(names_of(controls())));
}

std::vector<ControlRun> control_runs(const std::vector<std::string>& names, const std::vector<double>& doses) {
  std::vector<ControlRun> runs = {{&main_control, 0, "main"}};
  for (const std::string& name : names) {
    const Control& control = control_named(name);
    if (&control == &main_control) continue;
    if (!control.takes_dose) runs.push_back({&control, 0, name});
    for (const double dose : control.takes_dose ? doses : std::vector<double>{})
      runs.push_back({&control, dose, fmt::format("{}@{}", name, dose)});
  }
  return runs;
}

std::vector<std::size_t> draw(const DonorRequest& request, std::string_view control,
                              std::vector<std::size_t> candidates) {
  std::erase_if(candidates, [&](std::size_t candidate) {
    return candidate == request.recipient || (request.usable && !request.usable(candidate));
  });
  const Item& recipient = request.items[request.recipient];
  const auto rank = [&](std::size_t candidate) {
    return std::pair(
        stable_hash(request.seed, {recipient.language, control, recipient.id, request.items[candidate].id}), candidate);
  };
  std::sort(candidates.begin(), candidates.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  candidates.resize(std::min(candidates.size(), static_cast<std::size_t>(request.draws)));
  return candidates;
}

std::vector<std::size_t> with_gold(const DonorRequest& request, Gold gold, std::span<const std::size_t> candidates) {
  std::vector<std::size_t> chosen;
  for (const std::size_t i : candidates)
    if ((request.items[i].gold == request.items[request.recipient].gold) == (gold == Gold::same)) chosen.push_back(i);
  return chosen;
}

}  // namespace tertium
