#pragma once

#include <utility>

#include "tertium/base/error.h"

namespace tertium {

/// An error of one item alone, such as a number that is not finite: others may well go on without it.
class ItemError : public Error {
 public:
  using Error::Error;
};

/// Throws an ItemError, as fail() does an Error.
template <class... Args>
[[noreturn]] void fail_item(fmt::format_string<Args...> format, Args&&... args) {
  throw ItemError(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace tertium
