#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/tasks/item.h"

namespace tertium {

/// In whose run a control's donors are: the direction's donor language, or the recipient's own.
enum class DonorLanguage { donor, recipient };

/// What a control chooses donors from, for one recipient. Parallel items share their index and gold in both languages.
struct DonorRequest {
  std::span<const Item> items;          // all items of the recipient's language, in order
  std::span<const std::size_t> pool;    // those that the direction patches (TF for fix), or all
  std::span<const std::size_t> solved;  // those that are right in both languages (TS)
  std::size_t recipient = 0;
  int draws = 1;
  std::uint64_t seed = 0;
  std::function<bool(std::size_t)> usable = {};  // whether an item has what is put in; absent: all have
};

/// What a control makes its values of: one row's activations at a site, all of the same width.
struct Ingredients {
  std::span<const float> own;             // the recipient's
  std::span<const float> donor;           // the donor's
  std::span<const float> donor_mean;      // over other items, in the direction's donor language
  std::span<const float> recipient_mean;  // and in the recipient's
  double dose = 0;
  std::uint64_t seed = 0;  // of this recipient, site, row and draw
};

/// A way to choose the donor, and what of it is put in (docs/methods.md, section 5). Add one: controls/<name>.cc, which
/// defines <name>_control, and a line in controls.def.
struct Control {
  std::string_view name;
  std::string_view rules_out;
  DonorLanguage language;
  /// The donors' indices, one a draw; fewer if the pool holds no more, none if it holds none.
  std::vector<std::size_t> (*donors)(const DonorRequest& request);
  /// Makes what is put in; absent, it is the donor's own activations.
  void (*blend)(const Ingredients& from, std::span<float> into) = nullptr;
  bool is_drawn = false;     // gives as many donors as there are draws; else one
  bool takes_means = false;  // of both languages
  bool takes_dose = false;   // run once for each dose
};

const std::vector<const Control*>& controls();
/// Throws Error listing the known ones.
const Control& control_named(std::string_view name);

/// A control as it is run: one of the doses, where it takes any.
struct ControlRun {
  const Control* control;
  double dose = 0;
  std::string name;  // as it is stored: "same_gold", "dose@0.25"
};
/// main, then the named ones.
std::vector<ControlRun> control_runs(const std::vector<std::string>& names, const std::vector<double>& doses);

/// `request.draws` of the candidates, other than the recipient and usable, by the smallest hash of seed, recipient and
/// candidate: a seeded draw without replacement in which a new item changes another's draw only where it is itself
/// drawn.
std::vector<std::size_t> draw(const DonorRequest& request, std::string_view control,
                              std::vector<std::size_t> candidates);

/// Those of `candidates` whose gold is at the recipient's position, or those whose gold is not.
enum class Gold { same, other };
std::vector<std::size_t> with_gold(const DonorRequest& request, Gold gold, std::span<const std::size_t> candidates);

}  // namespace tertium
