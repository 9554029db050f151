#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "tertium/base/error.h"
#include "tertium/formats/tensor_view.h"

namespace tertium::fuzz {

using Input = std::span<const std::uint8_t>;

/// Writes the input of one run to a file in memory; its path is the same in every run.
std::filesystem::path as_file(Input input);

/// Ends the run as a finding if a claim does not hold.
inline void demand(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", claim);
  std::abort();
}

/// Runs `read`. To refuse the input is as good as to read it, if that is done by an Error of one line.
template <class Read>
void read_or_refuse(Read&& read) {
  try {
    std::forward<Read>(read)();
  } catch (const Error& error) {
    const std::string message = error.what();
    demand(!message.empty() && message.find('\n') == message.npos, "an error is one line");
  }
}

/// Reads every byte of the tensors and converts those that are small.
void use(const std::vector<TensorView>& tensors);

}  // namespace tertium::fuzz
