// Any bytes as a tokenizer.json; what loads encodes some texts and decodes the ids. What is sought in the crate are
// panics that get out, aborts, hangs, and spans that do not fit the text.

#include <string_view>

#include "fuzz/support.h"
#include "tertium/base/text.h"
#include "tertium/tokenizer/tokenizer.h"

namespace {

using namespace tertium;

constexpr std::string_view texts[] = {"",
                                      " ",
                                      "a",
                                      "Hello, world!",
                                      "  Größe \t\r\n<s> 12345 ",
                                      "ab é e\u0301 東京 \U0001f469\u200d\U0001f680 \u0130x",
                                      "<s></s>[UNK]##a▁b"};

/// What tokenizer.h promises of an encoding's spans.
void check(const Encoding& encoding, std::string_view text) {
  fuzz::demand(encoding.ids.size() == encoding.offsets.size(), "each token has a span");
  TextSpan last;
  bool any = false, covered = true;
  for (const TextSpan span : encoding.offsets) {
    fuzz::demand(span.begin <= span.end && span.end <= text.size(), "a span lies in the text");
    fuzz::demand(is_utf8(text.substr(span.begin, span.end - span.begin)), "a span ends between code points");
    fuzz::demand(span.begin >= last.begin && span.end >= last.end, "begins and ends never decrease");
    any = any || span.begin < span.end;
    covered = covered && span.begin <= last.end;
    last = span;
  }
  fuzz::demand(!any || (covered && last.end == text.size()), "the spans cover the text");
}

void use(const Tokenizer& tokenizer, std::string_view text) {
  for (const bool add_special : {false, true}) {
    const Encoding encoding = tokenizer.encode(text, add_special);
    check(encoding, text);
    fuzz::demand(is_utf8(tokenizer.decode(encoding.ids)), "what is decoded is UTF-8");
    for (const TokenId id : encoding.ids) fuzz::demand(is_utf8(tokenizer.piece(id)), "a piece is UTF-8");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  fuzz::read_or_refuse([&] {
    const Tokenizer tokenizer = Tokenizer::from_json(json, "tokenizer.json");
    for (const std::string_view text : texts) fuzz::read_or_refuse([&] { use(tokenizer, text); });
    constexpr TokenId odd_ids[] = {0, -1, 2147483647};
    fuzz::read_or_refuse([&] { tokenizer.decode(odd_ids); });
    for (const TokenId id : odd_ids) tokenizer.piece(id);
  });
  return 0;
}
