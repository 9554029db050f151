#include "tertium/analysis/categories.h"

#include <map>
#include <set>

#include "tertium/base/error.h"

namespace tertium {

std::vector<std::pair<std::string, Analysis>> analyse_by_category(const Store& store, const AnalysisOptions& options) {
  std::map<std::string, std::set<std::pair<std::string, std::string>>> categories;  // task, item
  for (const ItemRow& row : store.items())
    if (!row.category.empty()) categories[row.category].insert({row.task, row.item});
  if (categories.empty()) fail("no item has a category; give the items a field \"category\" (docs/items.md)");

  const Observations all = observations_of(store);
  std::vector<std::pair<std::string, Analysis>> analyses;
  for (const auto& [category, items] : categories) {
    const auto is_wanted = [&of = items](const std::string& task, const std::string& item) {  // clang 14 needs a name
      return of.contains({task, item});
    };
    analyses.emplace_back(category, analyse(observations_of(all, is_wanted), options));
  }
  return analyses;
}

}  // namespace tertium
