// Any bytes as lm-evaluation-harness's files: the samples of a benchmark in the pivot and in another language, and the
// results, with bytes of 0 between them.

#include "fuzz/folder.h"
#include "fuzz/results.h"
#include "tertium/interchange/lm_eval.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  if (size == 0) return 0;
  const std::vector<std::string_view> parts = fuzz::parts({data + 1, size - 1}, 3);
  static const char* const kTasks[] = {"xcopa", "xnli", "belebele", "xwinograd"};
  const std::string samples = std::string("samples_") + kTasks[data[0] % std::size(kTasks)] + "_";
  const std::filesystem::path& folder = fuzz::empty_folder();
  std::filesystem::create_directory(folder / "m");
  fuzz::write(folder / "m" / (samples + "en_2025.jsonl"), parts[0]);
  if (!parts[1].empty()) fuzz::write(folder / "m" / (samples + "it_2025.jsonl"), parts[1]);
  if (!parts[2].empty()) fuzz::write(folder / "m/results_2025.json", parts[2]);
  fuzz::import_and_use(folder, [&](Store& store) { import_lm_eval({folder / "m"}, "en", store); });
  return 0;
}
