// Any text as a chat template with a fixed conversation; what follows a NUL are the template's variables instead. What is
// sought are panics, crashes, hangs, and results that are no text.

#include <string_view>
#include <vector>

#include "fuzz/support.h"
#include "tertium/base/text.h"
#include "tertium/tokenizer/chat.h"

namespace {

using namespace tertium;

const std::vector<Message> talk = {
    {"system", "Be brief. "}, {"user", "1+1? é\u00a0\U0001f469"}, {"assistant", " 2 "}, {"user", "And\n<b>?"}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = bytes.find('\0');
  const ChatTemplate chat{std::string(bytes.substr(0, end)), {{"bos_token", "<s>"}, {"eos_token", "</s>"}}, "template"};
  fuzz::read_or_refuse([&] {
    const std::string text = end == bytes.npos ? render_chat(chat, talk, true, 0)
                                               : render_template(chat, bytes.substr(end + 1), 0);
    fuzz::demand(is_utf8(text), "what is rendered is UTF-8");
  });
  return 0;
}
