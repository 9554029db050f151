#include "tertium/formats/known_keys.h"

#include <algorithm>

namespace tertium {
namespace {

bool fits(std::string_view key, std::string_view pattern) {
  const bool open_front = pattern.starts_with('*'), open_back = pattern.ends_with('*');
  const std::string_view core = pattern.substr(open_front, pattern.size() - open_front - open_back);
  if (const std::size_t star = core.find('*'); star != core.npos)
    return key.size() >= core.size() - 1 && key.starts_with(core.substr(0, star)) &&
           key.ends_with(core.substr(star + 1));
  if (open_front && open_back) return key.find(core) != key.npos;
  if (open_front) return key.ends_with(core);
  if (open_back) return key.starts_with(core);
  return key == core;
}

}  // namespace

std::string_view why_known(std::string_view key, std::span<const KnownKey> list) {
  const auto known = std::ranges::find_if(list, [&](const KnownKey& entry) { return fits(key, entry.pattern); });
  return known == list.end() ? std::string_view() : known->why;
}

}  // namespace tertium
