// Any bytes as a GGUF file: its metadata, its tensors, and its vocabulary as a tokenizer.json.

#include "tertium/formats/gguf.h"

#include <nlohmann/json.hpp>

#include "fuzz/support.h"
#include "tertium/base/text.h"
#include "tertium/tokenizer/gguf_vocabulary.h"

namespace {

using namespace tertium;

void use_metadata(const Gguf& file) {
  for (const auto& pair : file.metadata()) {
    fuzz::demand(is_utf8(pair.first), "a key is UTF-8");
    fuzz::read_or_refuse([&] { file.get<double>(pair.first); });
    if (const auto* text = std::get_if<std::string>(&pair.second)) fuzz::demand(is_utf8(*text), "a text is UTF-8");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_or_refuse([&] {
    const Gguf file(fuzz::as_file({data, size}));
    use_metadata(file);
    fuzz::use(file.tensors());
    for (const TensorView& tensor : file.tensors())
      fuzz::demand(file.find(tensor.name) == &tensor, "a tensor is found");
    fuzz::demand(nlohmann::json::accept(tokenizer_json(file)), "what is made of a vocabulary is JSON");
  });
  return 0;
}
