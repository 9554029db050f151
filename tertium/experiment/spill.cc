#include "tertium/experiment/spill.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string_view>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"

namespace tertium {
namespace {

constexpr std::size_t kChecksum = 64;  // hexadecimal digits before each record

/// Calls pread or pwrite until all `size` bytes have gone; false where the disk has no more, or no room.
template <class Byte, class Call>
bool transfer(Call call, int descriptor, Byte* next, std::size_t size, std::uint64_t offset) {
  while (size > 0) {
    const ssize_t gone = call(descriptor, next, size, static_cast<off_t>(offset));
    if (gone < 0 && errno == EINTR) continue;
    if (gone <= 0) return false;
    next += gone, size -= static_cast<std::size_t>(gone), offset += static_cast<std::uint64_t>(gone);
  }
  return true;
}

bool read_at(int descriptor, void* into, std::size_t size, std::uint64_t offset) {
  return transfer(::pread, descriptor, static_cast<char*>(into), size, offset);
}

bool write_at(int descriptor, const void* from, std::size_t size, std::uint64_t offset) {
  return transfer(::pwrite, descriptor, static_cast<const char*>(from), size, offset);
}

}  // namespace

Spill::Spill(std::filesystem::path file, std::vector<std::string> keys, std::vector<std::size_t> counts)
    : file_(std::move(file)),
      keys_(std::move(keys)),
      counts_(std::move(counts)),
      known_(keys_.size(), Known::unknown) {
  std::uint64_t offset = 0;
  for (const std::size_t count : counts_) {
    offsets_.push_back(offset);
    offset += kChecksum + count * sizeof(float);
  }
  constexpr mode_t kOwn = 0644;
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwn);  // without it, nothing is ever there
}

Spill::~Spill() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string Spill::checksum(std::size_t item, std::span<const float> numbers) const {
  const std::span<const std::byte> bytes = std::as_bytes(numbers);
  return Hasher()
      .add(keys_[item])
      .add(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()))
      .hex();
}

bool Spill::has(std::size_t item) {
  if (known_[item] != Known::unknown) return known_[item] == Known::present;
  std::string stored(kChecksum, 0);
  std::vector<float> numbers(counts_[item]);
  const bool whole = read_at(descriptor_, stored.data(), kChecksum, offsets_[item]) &&
                     read_at(descriptor_, numbers.data(), numbers.size() * sizeof(float), offsets_[item] + kChecksum) &&
                     stored == checksum(item, numbers);
  known_[item] = whole ? Known::present : Known::absent;
  return whole;
}

bool Spill::write(std::size_t item, std::span<const float> numbers) {
  if (numbers.size() != counts_[item]) throw std::logic_error("a record of another size");
  const std::string sum = checksum(item, numbers);
  const bool whole = write_at(descriptor_, numbers.data(), numbers.size_bytes(), offsets_[item] + kChecksum) &&
                     write_at(descriptor_, sum.data(), kChecksum, offsets_[item]);
  known_[item] = whole ? Known::present : Known::absent;
  return whole;
}

std::vector<float> Spill::read(std::size_t item) const {
  std::vector<float> numbers(counts_[item]);
  read(item, 0, numbers);
  return numbers;
}

void Spill::read(std::size_t item, std::size_t first, std::span<float> into) const {
  if (!read_at(descriptor_, into.data(), into.size_bytes(), offsets_[item] + kChecksum + first * sizeof(float)))
    fail("{}: can no longer be read; was it changed while the run went on? Run again", file_.string());
}

void Spill::remove() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
  for (Known& known : known_) known = Known::absent;
}

}  // namespace tertium
