#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tertium {

/// Numbers of some items on disk, a record each, so that memory does not hold them. A record that is not there, is
/// damaged, or is of another item is merely absent: whoever asks computes it again.
class Spill {
 public:
  /// `keys`: of each item, what decides its numbers. `counts`: how many it has. A file that is there is gone on with.
  Spill(std::filesystem::path file, std::vector<std::string> keys, std::vector<std::size_t> counts);
  Spill(const Spill&) = delete;
  Spill& operator=(const Spill&) = delete;
  ~Spill();

  bool has(std::size_t item);
  /// False if the disk does not take it.
  bool write(std::size_t item, std::span<const float> numbers);
  /// All numbers of an item that is there.
  std::vector<float> read(std::size_t item) const;
  /// Some of them, from number `first` on.
  void read(std::size_t item, std::size_t first, std::span<float> into) const;

  /// Takes the file away.
  void remove();

 private:
  enum class Known : std::uint8_t { unknown, absent, present };

  std::string checksum(std::size_t item, std::span<const float> numbers) const;

  std::filesystem::path file_;
  std::vector<std::string> keys_;
  std::vector<std::size_t> counts_;
  std::vector<std::uint64_t> offsets_;
  std::vector<Known> known_;
  int descriptor_;
};

}  // namespace tertium
