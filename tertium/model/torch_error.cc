#include "tertium/model/torch_error.h"

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {

void fail_as(const c10::Error& error, std::string_view doing) {
  constexpr std::size_t kLongest = 300;
  const std::string_view whole = error.what_without_backtrace();
  const std::string message = printable(whole.substr(0, whole.find('\n')), kLongest);
  if (message.find("allocate memory") == message.npos)
    fail("{}: LibTorch fails: {}; please report this", doing, message);
  const std::size_t size = message.find("you tried to allocate ");
  const std::string asked =
      size == message.npos ? "" : " (" + message.substr(size, message.find('.', size) - size) + ")";
  fail("{}: out of memory{}; try a smaller --batch-rows, dtype bf16 or a smaller limit", doing, asked);
}

}  // namespace tertium
