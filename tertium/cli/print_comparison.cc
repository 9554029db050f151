#include "tertium/cli/print_comparison.h"

#include <fmt/format.h>

#include "tertium/base/text.h"
#include "tertium/cli/wrapped.h"

namespace tertium {

void print_transfer(const Comparison& comparison) {
  std::string second, first;
  for (const TransferChange& change : comparison.transfer) {
    if (change.second != second || change.first != first) {
      second = change.second;
      first = change.first;
      fmt::print("\nTransfer under {}, not under {}: of items the pivot has right\n", second, first);
      fmt::print("  {:<12}{:<10}{:<9}{:>5}{:>6}{:>6}{:>9}{:>9}{:>7}\n", "task", "protocol", "language", "n", "TS", "TF",
                 "mended", "broken", "Holm");
    }
    fmt::print("  {:<12}{:<10}{:<9}{:>5}{:>6}{:>6}{:>9}{:>9}{:>7.3f}\n", printable(change.of.task),
               printable(change.of.protocol), printable(change.of.language), change.n, change.first_ts,
               change.n - change.first_ts, change.mended, change.broken, change.p_holm);
  }
}

void print_conclusions(const Comparison& comparison) {
  for (const std::string& sentence : comparison.conclusions) fmt::print("{}\n", wrapped("- " + sentence, 2));
}

}  // namespace tertium
