// Any bytes as COPA's own files (XML), and their items as prompts of XCOPA.

#include "fuzz/items.h"
#include "tertium/tasks/copa_xml.h"

namespace {

using namespace tertium;

fuzz::Input input;

std::vector<ItemFile> input_as_files(const std::filesystem::path&, const std::string&, const std::string&) {
  return {{fuzz::as_file(input), [](const std::filesystem::path& file, const std::function<void(const JsonLine&)>& entry) {
             read_copa(file, 1, 1000, entry);
           }}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input = {data, size};
  fuzz::read_and_use("xcopa", input_as_files);
  return 0;
}
