#include "tertium/experiment/means_files.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <system_error>
#include <thread>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/hash.h"

namespace tertium {
namespace {

constexpr std::size_t kHashDigits = 64;

}  // namespace

std::string MeansFiles::bytes(const std::string& id) const {
  std::ifstream stream(file(id), std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(stream), {}};
  if (all.size() <= kHashDigits || Hasher().add(id).add(all.substr(kHashDigits)).hex() != all.substr(0, kHashDigits))
    return {};
  return all.substr(kHashDigits);
}

bool MeansFiles::has(const std::string& id) const { return !bytes(id).empty(); }

void MeansFiles::write(const std::string& id, const MeansPair& means) const {
  const std::string pivot = means.pivot.bytes();
  const std::string body = std::to_string(pivot.size()) + "\n" + pivot + means.other.bytes();
  const std::filesystem::path own = file(id + "-" + writer_);
  std::error_code problem;
  if (replace_file(own, Hasher().add(id).add(body).hex() + body)) std::filesystem::rename(own, file(id), problem);
  if (problem || !is_there(file(id))) fail("{}: cannot be written; is that disk full?", file(id).string());
}

MeansPair MeansFiles::read(const std::string& id) const {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds kArrival{90};  // a shared folder may show a new file late
  constexpr std::chrono::milliseconds kPause{100};
  for (const Clock::time_point start = Clock::now(); !is_there(file(id)) && Clock::now() - start < kArrival;)
    std::this_thread::sleep_for(kPause);
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
