// Any bytes as a tokenizer.json; what loads encodes some texts and decodes the ids. What is sought in the crate are
// panics that get out, aborts, hangs, and spans that do not fit the text.

#include "fuzz/encodings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  fuzz::read_or_refuse([&] { fuzz::use(Tokenizer::from_json(json, "tokenizer.json")); });
  return 0;
}
