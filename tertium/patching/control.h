#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/tasks/item.h"

namespace tertium {

/// Whose activations a control puts in.
enum class DonorLanguage { pivot, recipient };

/// What a control chooses donors from, for one recipient.
struct DonorRequest {
  std::span<const Item> items;        // all items of the language, in order; parallel to the pivot's
  std::span<const std::size_t> pool;  // indices of the items that are patched (the TF items, or all)
  std::size_t recipient = 0;          // index
  int draws = 1;
  std::uint64_t seed = 0;
};

/// A way to choose the donor (docs/methods.md, section 5). Add one: controls/<name>.cc, which defines <name>_control,
/// and a line in controls.def.
struct Control {
  std::string_view name;
  std::string_view rules_out;
  DonorLanguage language;
  /// The donors' indices, one a draw; fewer if the pool holds no more, none if it holds none.
  std::vector<std::size_t> (*donors)(const DonorRequest& request);
};

#define TERTIUM_CONTROL(name) extern const Control name##_control;
#include "tertium/patching/controls.def"
#undef TERTIUM_CONTROL

const std::vector<const Control*>& controls();
/// Throws Error listing the known ones.
const Control& control_named(std::string_view name);

/// `request.draws` of the candidates, by the smallest hash of seed, recipient and candidate: a seeded draw without
/// replacement in which a new item changes another's draw only where it is itself drawn.
std::vector<std::size_t> draw(const DonorRequest& request, std::string_view control,
                              std::vector<std::size_t> candidates);

}  // namespace tertium
