#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <string>

namespace tertium {

/// What a user can mend: bad input, a missing file, an unknown key. The message is one line that names the
/// culprit (file, line or item) and says what to do; the command line prints it behind "Error: ".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws an Error: `fail("{}:{}: no field \"{}\"", path, line, field)`.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace tertium
