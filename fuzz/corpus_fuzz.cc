// Any bytes as a parallel corpus: a file of sentences, and a table with a column a language.

#include "fuzz/folder.h"
#include "tertium/base/text.h"
#include "tertium/tasks/corpus.h"

namespace {

using namespace tertium;

void use(const CorpusFile& file, const std::string& language) {
  fuzz::read_or_refuse([&] {
    for (const Sentence& sentence : read_sentences(file, language)) {
      fuzz::demand(!sentence.text.empty() && is_utf8(sentence.text), "a sentence is a text");
      fuzz::demand(strip(sentence.text) == sentence.text, "no white space stands around a sentence");
    }
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::filesystem::path& folder = fuzz::empty_folder();
  for (const char* name : {"en.txt", "both.tsv"}) fuzz::write(folder / name, bytes);
  use({folder / "en.txt"}, "en");
  use({folder / "both.tsv", true}, "en");
  return 0;
}
