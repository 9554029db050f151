#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tertium/experiment/scoring.h"

namespace tertium {

/// States of a language's statements and premises on disk, item by item, so that memory does not hold them. A record
/// that is not there, is damaged, or is of another item is merely absent: whoever asks computes it again.
class StateSpill {
 public:
  /// `keys`: of each item, what decides its states. `texts`: how many texts an item has; their states are [layers,
  /// width]. A file that is there is gone on with.
  StateSpill(std::filesystem::path file, std::vector<std::string> keys, std::vector<std::size_t> texts,
             std::size_t layers, std::size_t width);
  StateSpill(const StateSpill&) = delete;
  StateSpill& operator=(const StateSpill&) = delete;
  ~StateSpill();

  bool has(std::size_t item);
  /// False if the disk does not take it.
  bool write(std::size_t item, std::span<const TextStates> texts);
  /// All texts of an item that is there.
  std::vector<TextStates> read(std::size_t item) const;
  /// One text at one layer (an index as TextStates::at takes it).
  void read(std::size_t item, std::size_t text, std::size_t layer, std::span<float> into) const;

  /// Takes the file away.
  void remove();

 private:
  enum class Known : std::uint8_t { unknown, absent, present };

  std::size_t numbers(std::size_t item) const { return texts_[item] * layers_ * width_; }
  std::string checksum(std::size_t item, std::span<const float> numbers) const;

  std::filesystem::path file_;
  std::vector<std::string> keys_;
  std::vector<std::size_t> texts_;
  std::vector<std::uint64_t> offsets_;
  std::vector<Known> known_;
  std::size_t layers_, width_;
  int descriptor_;
};

}  // namespace tertium
