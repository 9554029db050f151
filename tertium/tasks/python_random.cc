#include "tertium/tasks/python_random.h"

#include <array>
#include <bit>
#include <numeric>
#include <unordered_set>

namespace tertium {
namespace {

constexpr std::size_t kWords = 624;
using State = std::array<std::uint32_t, kWords>;

std::uint32_t mixed(const State& state, std::size_t i, std::uint32_t factor) {
  return state[i] ^ ((state[i - 1] ^ (state[i - 1] >> 30)) * factor);
}

/// The generator's init_by_array for a key of one word.
State seeded(std::uint32_t key) {
  constexpr std::uint32_t kFirst = 19650218, kStep = 1812433253, kWithKey = 1664525, kWithout = 1566083941;
  State state = {kFirst};
  for (std::uint32_t i = 1; i < kWords; ++i) state[i] = (state[i - 1] ^ (state[i - 1] >> 30)) * kStep + i;
  std::size_t at = 1;
  const auto advance = [&] {
    if (++at < kWords) return;
    state[0] = state[kWords - 1];
    at = 1;
  };
  for (std::size_t k = 0; k < kWords; ++k, advance()) state[at] = mixed(state, at, kWithKey) + key;
  for (std::size_t k = 1; k < kWords; ++k, advance())
    state[at] = mixed(state, at, kWithout) - static_cast<std::uint32_t>(at);
  state[0] = 0x80000000U;
  return state;
}

/// Up to so many elements are sampled from a list of all; from more by trying again (CPython's choice).
std::size_t longest_list(std::size_t count) {
  std::size_t most = 21, power = 1;
  if (count <= 5) return most;
  while (power < 3 * count) power *= 4;
  return most + power;
}

}  // namespace

PythonRandom::PythonRandom(std::uint32_t seed) {
  const State state = seeded(seed);
  auto first = state.begin();
  engine_.seed(first, state.end());
}

std::size_t PythonRandom::below(std::size_t n) {
  const int unused = 32 - static_cast<int>(std::bit_width(n));
  std::size_t number;
  do number = next() >> unused;
  while (number >= n);
  return number;
}

std::vector<std::size_t> PythonRandom::sample(std::size_t n, std::size_t count) {
  std::vector<std::size_t> drawn;
  if (n <= longest_list(count)) {
    std::vector<std::size_t> left(n);
    std::iota(left.begin(), left.end(), std::size_t{0});
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t j = below(n - i);
      drawn.push_back(left[j]);
      left[j] = left[n - i - 1];
    }
    return drawn;
  }
  std::unordered_set<std::size_t> taken;
  while (drawn.size() < count)
    if (const std::size_t j = below(n); taken.insert(j).second) drawn.push_back(j);
  return drawn;
}

}  // namespace tertium
