// Any bytes as a comma-separated file, and its rows as the items of the benchmarks that may come so.

#include "fuzz/items.h"
#include "tertium/tasks/csv.h"

namespace {

using namespace tertium;

fuzz::Input input;

std::vector<ItemFile> input_as_files(const std::filesystem::path&, const std::string&, const std::string&) {
  return {{fuzz::as_file(input), read_csv}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  input = {data, size};
  for (const char* task : {"global_mmlu", "xnli", "xwinograd", "m_arc"}) fuzz::read_and_use(task, input_as_files);
  return 0;
}
