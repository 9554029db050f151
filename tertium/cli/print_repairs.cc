#include "tertium/cli/print_repairs.h"

#include <fmt/format.h>

#include <utility>

#include "tertium/analysis/results.h"
#include "tertium/base/text.h"
#include "tertium/cli/analysis_parts.h"
#include "tertium/cli/wrapped.h"

namespace tertium {

namespace {

/// The change, in points; empty where it was not measured.
std::string dali_of(const Analysis& analysis, const RepairResult& result) {
  for (const RepairedAlignmentResult& one : analysis.repaired_alignment)
    if (one.of == result.of && one.repair == result.repair && one.control == result.control && one.metric == "dali")
      return fmt::format("{:+.0f}", 100 * one.change.value);
  return "";
}

}  // namespace

void print_repairs(const Analysis& analysis, const Part& part) {
  const std::vector<const RepairResult*> results = part.of(analysis.repairs);
  if (results.empty()) return;
  fmt::print("\n{}\n",
             wrapped("Repairs, on items that they were not fitted on: TF items that turn right, TS items that turn "
                     "wrong (pivot: its own wrong and right answers), accuracy; main less what it is held against, "
                     "in points [95 %], p after Holm; change of DALI, mean over the layers behind"));
  std::string language;
  for (const RepairResult* result : results) {
    const bool is_main = result->control == kMain;
    if (std::exchange(language, result->of.language) != result->of.language)
      fmt::print(" {}: {} items\n  {:<14}{:<15}{:>7}{:>7}{:>7}{:>16}{:>6}{:>6}\n", printable(language), result->n, "",
                 "", "TF", "TS", "right", "main less this", "p", "DALI");
    const Estimate& less = result->difference;
    const auto share = [](const Counts& counts) { return fmt::format("{}/{}", counts.hits, counts.n); };
    fmt::print("  {:<14}{:<15}{:>7}{:>7}{:>5} %{:>16}{:>6}{:>6}\n", is_main ? result->repair : "",
               is_main ? fmt::format("@{}, α {}", result->layer, result->alpha) : result->control,
               share(result->repaired), share(result->broken), number(100 * result->after.value, 0),
               std::isnan(less.value)
                   ? ""
                   : fmt::format("{:+.0f} [{:.0f}, {:.0f}]", 100 * less.value, 100 * less.low, 100 * less.high),
               std::isnan(result->p_holm) ? "" : number(result->p_holm, 3), dali_of(analysis, *result));
  }
}

}  // namespace tertium
