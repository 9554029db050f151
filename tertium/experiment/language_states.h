#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tertium/experiment/scoring.h"
#include "tertium/experiment/spill.h"

namespace tertium {

/// The states of one language's statements and premises, as alignment compares them. They are kept on disk where there
/// is room, and computed again where they are not there.
class LanguageStates {
 public:
  /// `keys`: of each item. `wanted`: statements, premises or both. `file`: where they are kept; empty: nowhere.
  LanguageStates(const Engine& engine, const PreparedLanguage& language, const std::vector<std::string>& keys,
                 const Wanted& wanted, const std::filesystem::path& file);

  const Wanted& wanted() const { return wanted_; }
  /// Of a run that recorded what is wanted.
  void keep(std::size_t item, const ItemRun& run);
  /// [items]: each one's statements.
  std::vector<std::vector<TextStates>> statements(std::span<const std::size_t> items);
  /// Computes what is not kept, about `most_rows` rows at once. Throws Error if the disk does not take it.
  void keep_all(double most_rows);
  /// One that is kept, at one layer (an index as TextStates::at takes it).
  void read_premise(std::size_t item, std::size_t layer, std::span<float> into) const;

  void remove();

  /// What the states of all items take on disk.
  static double bytes(const PreparedLanguage& language, const Wanted& wanted, const Config& config);

 private:
  /// An item's texts as a record, one text behind the other, layer by layer.
  std::vector<float> record_of(const ItemRun& run) const;
  std::vector<TextStates> texts_in(const std::vector<float>& record) const;

  const Engine& engine_;
  const PreparedLanguage& language_;
  Wanted wanted_;
  std::optional<Spill> spill_;
};

}  // namespace tertium
