// Any bytes as a tokenizer_config.json, beside a small tokenizer.model and alone. What loads is looked at as a tokenizer's
// configuration, as the text of a tokenizer and as a chat template.

#include <cstdlib>
#include <fstream>

#include "fuzz/support.h"
#include "tertium/base/text.h"
#include "tertium/tokenizer/chat.h"
#include "tertium/tokenizer/tokenizer_config.h"

namespace {

using namespace tertium;
namespace fs = std::filesystem;

/// The folder that all runs of this process write into; it goes with the process.
struct Folder {
  fs::path path;

  Folder() {
    std::string name = (fs::temp_directory_path() / "tertium-fuzz-XXXXXX").string();
    fuzz::demand(::mkdtemp(name.data()) != nullptr, "a folder can be made");
    path = name;
    fs::copy("tests/fixtures/tokens/spm_bpe/tokenizer.model", path / "tokenizer.model");
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  std::ofstream(folder.path / "tokenizer_config.json", std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  fuzz::read_or_refuse([&] {
    const TokenizerConfig config = read_tokenizer_config(folder.path);
    for (const auto& [name, token] : config.special_tokens)
      fuzz::demand(is_utf8(name) && is_utf8(token), "a token is UTF-8");
    const std::string json = sentencepiece_folder_json(folder.path, config);
    fuzz::demand(is_utf8(json), "the tokenizer's text is UTF-8");
    fuzz::demand(is_utf8(beside_tokenizer_json(config, "{}", folder.path)), "what it adds is UTF-8");
  });
  fuzz::read_or_refuse([&] { render_chat(ChatTemplate::open(folder.path), {}, true, 0); });
  return 0;
}
