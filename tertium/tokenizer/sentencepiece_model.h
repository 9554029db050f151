#pragma once

#include <string>
#include <string_view>

#include "tertium/tokenizer/pieces.h"

namespace tertium {

/// Reads a SentencePiece model (the bytes of a tokenizer.model, a ModelProto); `origin` names it in errors. BOS and EOS
/// are its pieces of that name, and nothing but its control pieces is special. Throws Error naming `origin` and the
/// field for bytes that are no ModelProto, a model that is neither BPE nor Unigram, no or two unknown pieces, byte
/// fallback without all bytes, a piece that is empty, not UTF-8, absurdly long, given twice or whose score is no
/// number.
Pieces parse_sentencepiece_model(std::string_view bytes, const std::string& origin);

}  // namespace tertium
