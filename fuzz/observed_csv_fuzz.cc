// Any bytes as other tools' tables: answers, alignment and flips, with bytes of 0 between them.

#include "fuzz/folder.h"
#include "fuzz/results.h"
#include "tertium/interchange/observed_csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tertium;
  const std::vector<std::string_view> parts = fuzz::parts({data, size}, 3);
  const std::filesystem::path& folder = fuzz::empty_folder();
  ObservedFiles files{.answers = folder / "answers.csv", .alignment = {}, .flips = {}};
  fuzz::write(files.answers, parts[0]);
  if (!parts[1].empty()) fuzz::write(files.alignment = folder / "alignment.csv", parts[1]);
  if (!parts[2].empty()) fuzz::write(files.flips = folder / "flips.csv", parts[2]);
  fuzz::read_or_refuse([&] { fuzz::use(read_observed(files)); });
  return 0;
}
