// Any bytes as the items of every task (JSON Lines), and those items as prompts.

#include "fuzz/items.h"

namespace {

using namespace tertium;

fuzz::Input input;

std::vector<ItemFile> input_as_files(const std::filesystem::path&, const std::string&, const std::string&) {
  return {{fuzz::as_file(input), read_json_lines}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input = {data, size};
  for (const std::string& name : task_names()) fuzz::read_and_use(name, input_as_files);
  return 0;
}
