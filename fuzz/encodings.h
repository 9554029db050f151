#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "fuzz/support.h"
#include "tertium/base/text.h"
#include "tertium/tokenizer/tokenizer.h"

namespace tertium::fuzz {

inline constexpr std::string_view texts[] = {"",
                                      " ",
                                      "a",
                                      "Hello, world!",
                                      "  Größe \t\r\n<s> 12345 ",
                                      "ab é e\u0301 東京 \U0001f469\u200d\U0001f680 \u0130x",
                                      "<s></s>[UNK]##a▁b"};

/// What tokenizer.h promises of an encoding's spans.
inline void check(const Encoding& encoding, std::string_view text) {
  demand(encoding.ids.size() == encoding.offsets.size(), "each token has a span");
  TextSpan last;
  bool any = false, covered = true;
  for (const TextSpan span : encoding.offsets) {
    demand(span.begin <= span.end && span.end <= text.size(), "a span lies in the text");
    demand(is_utf8(text.substr(span.begin, span.end - span.begin)), "a span ends between code points");
    demand(span.begin >= last.begin && span.end >= last.end, "begins and ends never decrease");
    any = any || span.begin < span.end;
    covered = covered && span.begin <= last.end;
    last = span;
  }
  demand(!any || (covered && last.end == text.size()), "the spans cover the text");
}

inline void use(const Tokenizer& tokenizer, std::string_view text) {
  for (const bool add_special : {false, true}) {
    const Encoding encoding = tokenizer.encode(text, add_special);
    check(encoding, text);
    demand(is_utf8(tokenizer.decode(encoding.ids)), "what is decoded is UTF-8");
    for (const TokenId id : encoding.ids) demand(is_utf8(tokenizer.piece(id)), "a piece is UTF-8");
  }
}

/// Encodes some texts and decodes the ids; what is no token's has no piece and no text.
inline void use(const Tokenizer& tokenizer) {
  for (const std::string_view text : texts) read_or_refuse([&] { use(tokenizer, text); });
  constexpr TokenId odd_ids[] = {0, -1, std::numeric_limits<TokenId>::max()};
  read_or_refuse([&] { tokenizer.decode(odd_ids); });
  for (const TokenId id : odd_ids) tokenizer.piece(id);
}

}  // namespace tertium::fuzz
