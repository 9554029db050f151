// Any bytes as the study's published outputs: the file of one language and that of means by language, with a byte of 0
// between them.

#include "fuzz/folder.h"
#include "fuzz/results.h"
#include "tertium/interchange/paper.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  const std::vector<std::string_view> parts = fuzz::parts({data, size}, 2);
  const std::filesystem::path& folder = fuzz::empty_folder();
  std::filesystem::create_directory(folder / "xcopa");
  if (!parts[0].empty()) fuzz::write(folder / "xcopa/it.json", parts[0]);
  if (!parts[1].empty()) fuzz::write(folder / "xstorycloze_by_language.json", parts[1]);
  fuzz::import_and_use(folder, [&](Store& store) { import_paper(folder, store); });
  return 0;
}
