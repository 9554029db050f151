#pragma once

#include <string>

#include "tertium/formats/gguf.h"

namespace tertium {

/// The tokenizer.json that the tokenizer.ggml.* keys of `gguf` amount to; what Hugging Face computes is the reference.
///   model "llama" (SentencePiece): merges derived from the scores, byte fallback, spaces as ▁
///   model "gpt2" (byte-level BPE): the given merges; `pre` names how a text is split before (gguf_splits.h)
/// Throws Error naming file and key: a model or `pre` that is not known, arrays that disagree in length, a token given
/// twice, a merge of or to what is no token, an id or type out of range, a key of the tokenizer that may change ids and is
/// not known.
std::string tokenizer_json(const Gguf& gguf);

}  // namespace tertium
