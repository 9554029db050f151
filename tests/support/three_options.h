#pragma once

#include "tertium/protocols/question.h"

namespace tertium::test {

// A question of three options, by letters; the second is right.

inline constexpr std::size_t kGold = 1;

inline Question letters() {
  return {.name = "letters",
          .protocol = Protocol::letters,
          .context = {5, 17, 40, 8, 23, 61, 9},
          .options = {{30}, {31}, {32}}};
}

}  // namespace tertium::test
