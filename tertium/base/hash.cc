#include "tertium/base/hash.h"

#include <openssl/evp.h>

#include <memory>
#include <span>
#include <vector>

#include "tertium/base/error.h"
#include "tertium/base/file.h"

namespace tertium {
namespace {

/// The finalizer of SplitMix64: every input bit moves every output bit.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

std::string sha256_file(const std::filesystem::path& path) {
  InputFile file(path);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 20);
  for (std::span<char> read; !(read = file.read(buffer)).empty();)
    EVP_DigestUpdate(context.get(), read.data(), read.size());
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest, &length);
  return fmt::format("{:02x}", fmt::join(digest, digest + length, ""));
}

Hasher::Hasher()
    : context_(EVP_MD_CTX_new(), [](void* context) { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context)); }) {
  EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_.get()), EVP_sha256(), nullptr);
}

void Hasher::add_bytes(const void* bytes, std::size_t count) {
  const std::uint64_t length = count;
  auto* context = static_cast<EVP_MD_CTX*>(context_.get());
  EVP_DigestUpdate(context, &length, sizeof length);
  EVP_DigestUpdate(context, bytes, count);
}

Hasher& Hasher::add(std::string_view part) {
  add_bytes(part.data(), part.size());
  return *this;
}

Hasher& Hasher::add(std::int64_t number) {
  add_bytes(&number, sizeof number);
  return *this;
}

Hasher& Hasher::add(std::span<const std::int32_t> numbers) {
  add_bytes(numbers.data(), numbers.size_bytes());
  return *this;
}

std::string Hasher::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()), digest, &length);
  return fmt::format("{:02x}", fmt::join(digest, digest + length, ""));
}

std::uint64_t stable_hash(std::uint64_t seed, std::initializer_list<std::string_view> parts) {
  std::uint64_t state = mix(seed);
  for (const std::string_view part : parts) {
    for (const unsigned char byte : part) state = mix(state ^ byte);
    state = mix(state ^ (part.size() << 8));
  }
  return state;
}

std::string sha256_text(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr);
  return fmt::format("{:02x}", fmt::join(digest, digest + length, ""));
}

}  // namespace tertium
