#include "tertium/model/placement.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <set>
#include <sstream>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/model/config.h"
#include "tertium/model/sizes.h"

namespace tertium {
namespace {

/// Blocks that follow one another, and what computes them.
struct PlacedBlocks {
  Hardware hardware;
  int blocks;
};

[[noreturn]] void fail_form(const std::string& map) {
  fail("device map \"{}\": a part is a device and its blocks, as in cuda:0=0-15", printable(map, 80));
}

/// A block's number at the beginning of `text`, which loses it.
int take_number(std::string_view& text, const std::string& map) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || number < 0 || number > kMostBlocks) fail_form(map);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// "cuda:0=0-15,cuda:1=16-": the last part may leave its last block out.
std::vector<PlacedBlocks> parts_of(const std::string& map, const std::string& kernels, int blocks) {
  std::vector<PlacedBlocks> parts;
  int next = 0;
  std::istringstream all(map);
  for (std::string each; std::getline(all, each, ',');) {
    const std::size_t equals = each.find('=');
    std::string device = each.substr(0, equals), own = kernels;
    if (const std::size_t slash = device.find('/'); slash != std::string::npos) {
      own = device.substr(slash + 1);
      device.resize(slash);
    }
    std::string_view rest = equals == std::string::npos ? "" : std::string_view(each).substr(equals + 1);
    const int first = take_number(rest, map);
    int last = first;
    if (rest == "-")
      last = blocks - 1;
    else if (rest.starts_with("-")) {
      rest.remove_prefix(1);
      last = take_number(rest, map);
    }
    if (rest != "-" && !rest.empty()) fail_form(map);
    if (first != next || last < first)
      fail("device map \"{}\": block {} comes next, not {}; each block lies in one part, in order", printable(map, 80),
           next, first);
    parts.push_back({{device, own}, last - first + 1});
    next = last + 1;
  }
  if (next != blocks)
    fail("device map \"{}\": ends with block {}, but the model's last is {}", printable(map, 80), next - 1, blocks - 1);
  return parts;
}

/// The bytes of each block, the first with the embedding, the last with the head. The MLP counts as gated.
std::vector<double> sizes_of(const Config& config, Precision precision) {
  const double of_number = precision == Precision::f32 ? 4 : 2, width = config.hidden,
               heads = 2.0 * (config.heads + config.kv_heads) * config.head_dim,
               vocabulary = width * config.vocabulary * of_number;
  std::vector<double> sizes;
  for (const Layer& layer : config.layers) {
    const double inner = layer.experts ? double(config.experts.count) * config.experts.width : config.mlp;
    sizes.push_back(width * (heads + 3 * inner) * of_number);
  }
  sizes.front() += vocabulary;
  sizes.back() += vocabulary;
  return sizes;
}

/// Over the GPUs that are there.
std::vector<PlacedBlocks> automatic_parts(const std::string& kernels, const Config& config, Precision precision) {
  // Beside the weights: a pass's activations, and what the libraries of a GPU take.
  constexpr double kBeside = 1.5 * (1 << 30);
  const std::vector<FreeDevice> gpus = free_gpus();
  if (gpus.empty()) return {{{"cpu", kernels}, config.block_count()}};
  std::vector<double> room;
  for (const FreeDevice& gpu : gpus) room.push_back(std::max(0.0, gpu.bytes - kBeside));
  const std::vector<double> sizes = sizes_of(config, precision);
  const std::vector<int> counts = split_blocks(sizes, room);
  constexpr double kGibi = 1 << 30;
  if (counts.empty())
    fail(
        "device map auto: the weights take {:.1f} GiB in {}, and {} GPUs have room for {:.1f} GiB; free some memory "
        "there, or run with --device cpu",
        std::accumulate(sizes.begin(), sizes.end(), 0.0) / kGibi, to_string(precision), gpus.size(),
        std::accumulate(room.begin(), room.end(), 0.0) / kGibi);
  std::vector<PlacedBlocks> parts;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) parts.push_back({{gpus[i].name, kernels}, counts[i]});
  return parts;
}

}  // namespace

std::vector<int> split_blocks(std::span<const double> sizes, std::span<const double> room) {
  for (std::size_t devices = 1; devices <= room.size(); ++devices) {
    const std::span<const double> used = room.first(devices);
    // The smallest share of its room that no device needs to go beyond: blocks are tried at ever larger ones.
    constexpr int kSteps = 100;
    for (int step = 1; step <= kSteps; ++step) {
      std::vector<int> counts(devices);
      std::size_t block = 0;
      for (std::size_t d = 0; d < devices; ++d)
        for (double left = used[d] * step / kSteps; block < sizes.size() && sizes[block] <= left; ++block) {
          left -= sizes[block];
          ++counts[d];
        }
      if (block == sizes.size()) return counts;
    }
  }
  return {};
}

Placement::Placement(const Hardware& hardware, const Config& config, Precision precision) {
  const std::string map = asked_or_usual(hardware.map, "", "TERTIUM_DEVICE_MAP");
  if (!hardware.map.empty() && hardware.device != "auto")
    fail("give a device or a device map, not both: the map names the devices");
  const std::vector<PlacedBlocks> parts = map.empty()     ? std::vector<PlacedBlocks>{{hardware, config.block_count()}}
                                          : map == "auto" ? automatic_parts(hardware.kernels, config, precision)
                                                          : parts_of(map, hardware.kernels, config.block_count());
  for (const PlacedBlocks& part : parts)
    blocks_.insert(blocks_.end(), static_cast<std::size_t>(part.blocks), ops_for(part.hardware));
}

std::string Placement::device() const {
  if (!is_split()) return blocks_.front()->device().str();
  std::string map;
  for (std::size_t first = 0; first < blocks_.size();) {
    const auto end = std::find_if(blocks_.begin() + static_cast<std::ptrdiff_t>(first), blocks_.end(),
                                  [&](const auto& ops) { return ops != blocks_[first]; }) -
                     blocks_.begin();
    map += fmt::format("{}{}={}-{}", map.empty() ? "" : ",", blocks_[first]->device().str(), first, end - 1);
    first = static_cast<std::size_t>(end);
  }
  return map;
}

std::string Placement::kernels() const {
  std::set<std::string_view> names;
  for (const auto& ops : blocks_) names.insert(ops->kernels());
  return fmt::format("{}", fmt::join(names, " "));
}

bool Placement::is_split() const {
  return std::ranges::any_of(blocks_, [&](const auto& ops) { return ops != blocks_.front(); });
}

double Placement::spare_memory() const {
  double least = std::numeric_limits<double>::infinity();
  for (const std::shared_ptr<const Ops>& ops : std::set(blocks_.begin(), blocks_.end()))
    least = std::min(least, ops->memory().spare());
  return least;
}

int Placement::passes_at_once(int threads) const {
  if (std::ranges::all_of(blocks_, [](const auto& ops) { return ops->runs_passes_side_by_side(); })) return threads;
  std::set<std::string> devices;
  for (const auto& ops : blocks_) devices.insert(ops->device().str());
  return static_cast<int>(devices.size());
}

}  // namespace tertium
