#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tertium/experiment/scoring.h"
#include "tertium/experiment/spill.h"

namespace tertium {

/// What patches take of one language's clean runs. It is recorded as items are scored and kept on disk where there is
/// room, so that no unit runs its donors again; what is not there is computed.
class LanguageActivations {
 public:
  /// Where activations are kept: in `folder`, nowhere if it is empty. `run`: what decides all of a run's numbers;
  /// `asked`: of each item, what decides its own (ItemKeys).
  struct Place {
    std::filesystem::path folder;
    std::string run;
    const std::vector<std::string>& asked;
  };
  /// `wanted`: the quantities and positions of the patches.
  LanguageActivations(const Engine& engine, const PreparedLanguage& language, const Wanted& wanted, const Place& place);

  const PreparedLanguage& language() const { return language_; }
  /// What a run is to record for keep().
  Wanted recorded() const;
  void keep(std::size_t item, const Activations& clean);
  std::map<std::size_t, Activations> of(const std::set<std::size_t>& items);

  void remove();

  /// Whether an item's activations are worth keeping: where they are about as many as the rows that they come from, to
  /// read them takes longer than to compute them.
  static bool are_kept(const Question& question, const Wanted& wanted);
  /// What those of all items take on disk.
  static double bytes(const PreparedLanguage& language, const Wanted& wanted, const Config& config);

 private:
  const Engine& engine_;
  const PreparedLanguage& language_;
  Wanted wanted_;
  std::optional<Spill> spill_;
};

}  // namespace tertium
