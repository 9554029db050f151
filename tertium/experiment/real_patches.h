#pragma once

#include <functional>
#include <span>
#include <vector>

#include "tertium/screening/attribution.h"

namespace tertium {

class Engine;

/// An item that is patched, and with whose activations. The questions must outlive it.
struct PatchedItem {
  const Question* recipient;
  const Question* donor;
  std::size_t gold;
  std::vector<RowMatch> matches;  // at least one
};

/// The items' margins (gold less best other) when the donor's activations are put in at each place, less the clean
/// margins: [items][places], by real patches. NaN at a place whose position is not among the item's matches.
std::vector<std::vector<double>> real_changes(const Engine& engine, std::span<const PatchedItem> items,
                                              std::span<const PatchPlace> places,
                                              const std::function<void(std::size_t done)>& progress = {});

}  // namespace tertium
