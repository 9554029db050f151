#include "tertium/experiment/state_spill.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
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

StateSpill::StateSpill(std::filesystem::path file, std::vector<std::string> keys, std::vector<std::size_t> texts,
                       std::size_t layers, std::size_t width)
    : file_(std::move(file)),
      keys_(std::move(keys)),
      texts_(std::move(texts)),
      known_(keys_.size(), Known::unknown),
      layers_(layers),
      width_(width) {
  std::uint64_t offset = 0;
  for (std::size_t item = 0; item < keys_.size(); ++item) {
    offsets_.push_back(offset);
    offset += kChecksum + numbers(item) * sizeof(float);
  }
  constexpr mode_t kOwn = 0644;
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwn);  // without it, nothing is ever there
}

StateSpill::~StateSpill() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string StateSpill::checksum(std::size_t item, std::span<const float> numbers) const {
  const std::span<const std::byte> bytes = std::as_bytes(numbers);
  return Hasher()
      .add(keys_[item])
      .add(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()))
      .hex();
}

bool StateSpill::has(std::size_t item) {
  if (known_[item] != Known::unknown) return known_[item] == Known::present;
  std::string stored(kChecksum, 0);
  std::vector<float> values(numbers(item));
  const bool whole = read_at(descriptor_, stored.data(), kChecksum, offsets_[item]) &&
                     read_at(descriptor_, values.data(), values.size() * sizeof(float), offsets_[item] + kChecksum) &&
                     stored == checksum(item, values);
  known_[item] = whole ? Known::present : Known::absent;
  return whole;
}

bool StateSpill::write(std::size_t item, std::span<const TextStates> texts) {
  std::vector<float> values;
  values.reserve(numbers(item));
  for (const TextStates& text : texts) {
    values.insert(values.end(), text.resid.begin(), text.resid.end());
    values.insert(values.end(), text.final_norm.begin(), text.final_norm.end());
  }
  const std::string sum = checksum(item, values);
  const bool whole = write_at(descriptor_, values.data(), values.size() * sizeof(float), offsets_[item] + kChecksum) &&
                     write_at(descriptor_, sum.data(), kChecksum, offsets_[item]);
  known_[item] = whole ? Known::present : Known::absent;
  return whole;
}

std::vector<TextStates> StateSpill::read(std::size_t item) const {
  std::vector<TextStates> texts;
  const std::uint64_t first = offsets_[item] + kChecksum;
  const std::size_t of_text = layers_ * width_ * sizeof(float);
  for (std::size_t t = 0; t < texts_[item]; ++t) {
    TextStates text{std::vector<float>((layers_ - 1) * width_), std::vector<float>(width_)};
    const std::size_t of_stream = text.resid.size() * sizeof(float);
    if (!read_at(descriptor_, text.resid.data(), of_stream, first + t * of_text) ||
        !read_at(descriptor_, text.final_norm.data(), width_ * sizeof(float), first + t * of_text + of_stream))
      fail("{}: can no longer be read; was it changed while the run went on? Run again", file_.string());
    texts.push_back(std::move(text));
  }
  return texts;
}

void StateSpill::read(std::size_t item, std::size_t text, std::size_t layer, std::span<float> into) const {
  const std::uint64_t place = offsets_[item] + kChecksum + (text * layers_ + layer) * width_ * sizeof(float);
  if (!read_at(descriptor_, into.data(), into.size_bytes(), place))
    fail("{}: can no longer be read; was it changed while the run went on? Run again", file_.string());
}

void StateSpill::remove() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
  for (Known& known : known_) known = Known::absent;
}

}  // namespace tertium
