// Any bytes as a tokenizer.model (SentencePiece); what loads encodes some texts and decodes the ids, with special tokens
// found in texts and not.

#include "fuzz/encodings.h"
#include "tertium/tokenizer/sentencepiece_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::read_or_refuse([&] {
    Pieces pieces = parse_sentencepiece_model(bytes, "tokenizer.model");
    for (const bool special_in_text : {true, false}) {
      pieces.special_in_text = special_in_text;
      pieces.first_prefix_only = special_in_text;
      fuzz::use(Tokenizer::from_json(tokenizer_json(pieces), "tokenizer.model"));
    }
  });
  return 0;
}
