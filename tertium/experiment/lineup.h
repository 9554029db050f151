#pragma once

#include <map>
#include <string>
#include <vector>

#include "tertium/patching/direction.h"

namespace tertium {

struct Config;
struct PatchSpec;         // patching/patch_spec.h
struct PreparedLanguage;  // experiment/run.h
struct PreparedTask;

/// Which items of a language are answered right.
using RightAnswers = std::vector<bool>;

/// The pivot and another language, as both are asked and answered.
struct LanguagePair {
  const PreparedLanguage& pivot;
  const PreparedLanguage& other;
  const RightAnswers& pivot_right;
  const RightAnswers& other_right;

  const PreparedLanguage& at(Side side) const { return side == Side::pivot ? pivot : other; }
  /// Not an item with two options of one text, in either language: it transfers by chance, and no patch can repair it.
  bool can_be_right(std::size_t item) const;
};

/// Who is patched in one direction, and with whose activations: known once both languages are scored.
struct Lineup {
  const Direction* direction;
  std::vector<std::size_t> pool;      // the direction's items, or all; in none is one that cannot be right
  std::vector<std::size_t> solved;    // right in both languages
  std::vector<std::size_t> averaged;  // what means are taken over: items outside the pool, or all; ascending

  struct Recipient {
    std::size_t item;
    /// [position][control, as control_runs orders them]: the donors, one a draw. None where the item lacks the
    /// position.
    std::vector<std::vector<std::vector<std::size_t>>> donors;
  };
  std::vector<Recipient> recipients;  // the first of the pool

  std::map<std::string, std::size_t> lacking;  // by position: recipients that do not have it, or not in both languages
  std::map<std::string, std::size_t> short_of_donors;  // by control: recipients that get fewer donors than draws
};

/// Throws Error for a place that the model does not have, and unless positions may be missing, for the first item that
/// lacks one or has another number of rows there than its counterpart in the pivot.
void demand_patchable(const PatchSpec& spec, const std::vector<PreparedTask>& tasks, const Config& config);

Lineup line_up(const PatchSpec& spec, const Direction& direction, const LanguagePair& pair);

}  // namespace tertium
