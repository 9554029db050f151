#include "tertium/patching/direction.h"

#include <string>

#include "tertium/base/error.h"
#include "tertium/base/names.h"
#include "tertium/base/text.h"

namespace tertium {

Transfer transfer(bool pivot_right, bool other_right) {
  if (pivot_right) return other_right ? Transfer::ts : Transfer::tf;
  return other_right ? Transfer::fs : Transfer::ff;
}

std::string_view to_string(Transfer transfer) {
  constexpr std::string_view kNames[] = {"TS", "TF", "FS", "FF"};
  return kNames[static_cast<int>(transfer)];
}

bool Direction::repairs() const {
  const bool pivot_right = pool == Transfer::ts || pool == Transfer::tf;
  const bool other_right = pool == Transfer::ts || pool == Transfer::fs;
  return !(donor == Side::pivot ? other_right : pivot_right);
}

const std::vector<Direction>& directions() {
  static const std::vector<Direction> all = {
      {"fix", Side::pivot, Transfer::tf, "do the pivot's activations repair the answer?"},
      {"keep", Side::pivot, Transfer::ts, "do the same patches do harm where nothing is broken?"},
      {"break", Side::other, Transfer::tf, "do the failing run's activations break the pivot's answer?"},
      {"lift", Side::other, Transfer::fs, "fix mirrored: do the right run's activations repair the pivot's answer?"},
      {"spoil", Side::pivot, Transfer::fs, "break mirrored: do the pivot's failing activations break the answer?"},
  };
  return all;
}

const Direction& direction_named(std::string_view name) {
  for (const Direction& direction : directions())
    if (direction.name == name) return direction;
  fail("direction \"{}\": tertium knows {}", printable(name), join(names_of(directions())));
}

}  // namespace tertium
