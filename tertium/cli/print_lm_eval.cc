#include "tertium/cli/print_lm_eval.h"

#include <fmt/format.h>

#include "tertium/base/text.h"
#include "tertium/cli/wrapped.h"
#include "tertium/interchange/lm_eval_export.h"

namespace tertium {

void write_lm_eval(const std::filesystem::path& results, const std::filesystem::path& out) {
  const LmEvalFiles files = export_lm_eval(results, out);
  fmt::print("{}\n",
             wrapped(fmt::format("Wrote {} as lm-evaluation-harness's files", printable(join(files.tasks), 1000)), 2));
  fmt::print("  into {}\n", files.folder.string());
  for (const std::string& what : files.left_out) fmt::print("{}\n", wrapped("  left out: " + printable(what, 200), 4));
}

}  // namespace tertium
