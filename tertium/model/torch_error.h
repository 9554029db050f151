#pragma once

#include <c10/util/Exception.h>

#include <string_view>
#include <utility>

namespace tertium {

/// LibTorch's message as an Error of one line: its first, without the stack trace, and what to do.
[[noreturn]] void fail_as(const c10::Error& error, std::string_view doing);

/// Calls `work`, of which `doing` tells a user; what LibTorch throws in it becomes an Error. Every way from outside into
/// code that uses torch leads through here.
template <class Work>
decltype(auto) with_torch_errors(std::string_view doing, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const c10::Error& error) {
    fail_as(error, doing);
  }
}

}  // namespace tertium
