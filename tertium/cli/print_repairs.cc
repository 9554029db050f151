#include "tertium/cli/print_repairs.h"

#include <fmt/format.h>

#include "tertium/analysis/results.h"
#include "tertium/base/text.h"
#include "tertium/cli/analysis_parts.h"
#include "tertium/cli/wrapped.h"

namespace tertium {

void print_repairs(const Analysis& analysis, const Part& part) {
  const std::vector<const RepairResult*> results = part.of(analysis.repairs);
  if (results.empty()) return;
  fmt::print("\n{}\n",
             wrapped("Repairs, on items that they were not fitted on: TF items that turn right, TS items that turn "
                     "wrong (pivot: its own wrong and right answers), accuracy; main less what it is held against, "
                     "in points [95 %], p after Holm"));
  fmt::print("  {:<10}{:<14}{:<15}{:>7}{:>8}{:>9} {:>15}{:>6}\n", "language", "repair", "", "TF", "TS", "accuracy",
             "main less this", "p");
  for (const RepairResult* result : results) {
    const bool is_main = result->control == "main";
    const Estimate& less = result->difference;
    const auto share = [](const Counts& counts) { return fmt::format("{}/{}", counts.hits, counts.n); };
    fmt::print("  {:<10}{:<14}{:<15}{:>7}{:>8}{:>7} % {:>15}{:>6}\n", is_main ? printable(result->of.language) : "",
               is_main ? result->repair : "",
               is_main ? fmt::format("@{}, α {}", result->layer, result->alpha) : result->control,
               share(result->repaired), share(result->broken), number(100 * result->after.value, 0),
               std::isnan(less.value)
                   ? ""
                   : fmt::format("{:+.0f} [{:.0f}, {:.0f}]", 100 * less.value, 100 * less.low, 100 * less.high),
               std::isnan(result->p_holm) ? "" : number(result->p_holm, 3));
  }
}

}  // namespace tertium
