#include "tertium/experiment/means_files.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/hash.h"

namespace tertium {
namespace {

constexpr std::size_t kHash = 64;

}  // namespace

std::string MeansFiles::bytes(const std::string& id) const {
  std::ifstream stream(file(id), std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(stream), {}};
  if (all.size() <= kHash || Hasher().add(id).add(all.substr(kHash)).hex() != all.substr(0, kHash)) return {};
  return all.substr(kHash);
}

bool MeansFiles::has(const std::string& id) const { return !bytes(id).empty(); }

void MeansFiles::write(const std::string& id, const MeansPair& means) const {
  const std::string pivot = means.pivot.bytes();
  const std::string body = std::to_string(pivot.size()) + "\n" + pivot + means.other.bytes();
  if (!replace_file(file(id), Hasher().add(id).add(body).hex() + body))
    fail("{}: cannot be written; is that disk full?", file(id).string());
}

MeansPair MeansFiles::read(const std::string& id) const {
  const std::string all = bytes(id);
  const std::size_t line = std::min(all.find('\n'), all.size());
  const std::string_view rest = std::string_view(all).substr(std::min(line + 1, all.size()));
  std::size_t size = 0;
  const auto [end, problem] = std::from_chars(all.data(), all.data() + line, size);
  if (all.empty() || problem != std::errc() || end != all.data() + line || size > rest.size())
    fail("{}: can no longer be read; was it changed while the run went on? Run again", file(id).string());
  return {Means::from_bytes(rest.substr(0, size)), Means::from_bytes(rest.substr(size))};
}

}  // namespace tertium
