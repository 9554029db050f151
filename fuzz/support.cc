#include "fuzz/support.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "tertium/base/text.h"
#include "tertium/formats/mapped_file.h"

// In place of formats/mapped_file.cc: the file's bytes on the heap, so that AddressSanitizer sees who reads behind
// their end, which in a mapping is the rest of a page.

namespace tertium {

MappedFile::MappedFile(const std::filesystem::path& path) {
  InputFile file(path);
  const std::size_t size = file.state().size;
  if (size == 0) fail("{}: is empty", path.string());
  auto* copy = new std::byte[size];
  file.read({reinterpret_cast<char*>(copy), size});
  data_ = copy;
  size_ = size;
  state_ = file.state();
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      state_(std::exchange(other.state_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(state_, other.state_);
  return *this;
}

MappedFile::~MappedFile() { delete[] data_; }

void give_back_pages(std::span<const std::byte>) {}

namespace fuzz {
namespace {

constexpr std::size_t most_values = 1 << 14;

unsigned checksum(std::span<const std::byte> bytes) {
  unsigned sum = 0;
  for (const std::byte byte : bytes) sum = sum * 31 + std::to_integer<unsigned>(byte);
  return sum;
}

}  // namespace

std::filesystem::path as_file(Input input) {
  static const int descriptor = ::memfd_create("input", 0);
  demand(descriptor >= 0 && ::ftruncate(descriptor, 0) == 0, "a file in memory can be made");
  demand(::pwrite(descriptor, input.data(), input.size(), 0) == static_cast<ssize_t>(input.size()),
         "it can be written");
  return fmt::format("/proc/self/fd/{}", descriptor);
}

void use(const std::vector<TensorView>& tensors) {
  static volatile unsigned sink;
  for (const TensorView& tensor : tensors) {
    demand(is_utf8(tensor.name), "a tensor's name is UTF-8");
    demand(stored_bytes(tensor.dtype, tensor.shape) == tensor.bytes.size(), "a tensor has the bytes of its shape");
    sink = checksum(tensor.bytes);
    if (tensor.count() > most_values) continue;
    std::vector<float> values(tensor.count());
    read_or_refuse([&] { to_f32(tensor, values); });
  }
}

}  // namespace fuzz
}  // namespace tertium
