#include "tertium/cli/print_results.h"

#include <fmt/format.h>

#include "tertium/analysis/agreement.h"
#include "tertium/analysis/categories.h"
#include "tertium/base/text.h"
#include "tertium/cli/print_analysis.h"
#include "tertium/cli/print_picture.h"
#include "tertium/experiment/stages.h"
#include "tertium/store/folder_lock.h"

namespace tertium {
namespace {

void print_agreements(const std::vector<Agreement>& agreements) {
  if (agreements.empty()) return;
  fmt::print(
      "\nThe same options in several orders: items answered by the same option in all of them, right in all; "
      "accuracy, %\n");
  for (const Agreement& found : agreements) {
    fmt::print("  {:<12}{:<24}same {:>3.0f} % [{:.0f}, {:.0f}]  right {:>3.0f} %  mean {:>3.0f} |", found.language,
               fmt::format("{} {}", found.task, printable(found.protocol)), 100 * found.agreeing.value,
               100 * found.agreeing.low, 100 * found.agreeing.high, 100 * found.always_right.value, 100 * found.mean);
    for (const auto& [order, rate] : found.accuracy) fmt::print(" {} {:.0f}", order, 100 * rate.value);
    fmt::print("\n");
  }
}

}  // namespace

void print_results(const Store& store, const std::string& by, Detail detail) {
  const auto print = [&](const Analysis& analysis) {
    detail == Detail::tables ? print_tables(analysis) : print_picture(analysis, ink_of_locale());
  };
  fmt::print("{}", told(completeness(store.info()), FolderLock::holder(store.folder())));
  print(analyse(observations_of(store)));
  print_agreements(agreements(store.scores()));
  if (by != kBy) return;
  for (const auto& [category, analysis] : analyse_by_category(store)) {
    fmt::print("\n══ category {} ══\n", printable(category));
    print(analysis);
  }
}

}  // namespace tertium
