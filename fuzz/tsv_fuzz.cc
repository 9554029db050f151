// Any bytes as XStoryCloze's official files (tab-separated), and their items as prompts.

#include "fuzz/items.h"
#include "tertium/tasks/tsv.h"

namespace {

using namespace tertium;

fuzz::Input input;

std::vector<ItemFile> input_as_files(const std::filesystem::path&, const std::string&, const std::string&) {
  return {{fuzz::as_file(input), read_tsv}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input = {data, size};
  fuzz::read_and_use("xstorycloze", input_as_files);
  return 0;
}
