#include "tertium/analysis/categories.h"

#include <map>
#include <set>

#include "tertium/base/error.h"

namespace tertium {
namespace {

using TaskItem = std::pair<std::string, std::string>;  // task, item

template <class Row>
std::vector<Row> rows_of(const std::vector<Row>& rows, const std::set<TaskItem>& items) {
  std::vector<Row> kept;
  for (const Row& row : rows)
    if (items.contains({row.task, row.item})) kept.push_back(row);
  return kept;
}

}  // namespace

std::vector<std::pair<std::string, std::vector<TaskSummary>>> summarize_by_category(const Store& store) {
  std::map<std::string, std::set<TaskItem>> categories;
  for (const ItemRow& row : store.items())
    if (!row.category.empty()) categories[row.category].insert({row.task, row.item});
  if (categories.empty()) fail("no item has a category; give the items a field \"category\" (docs/items.md)");

  const StoredRows all = stored_rows(store);
  std::vector<std::pair<std::string, std::vector<TaskSummary>>> summaries;
  for (const auto& [category, items] : categories)
    summaries.emplace_back(category, summarize(StoredRows{all.info, rows_of(all.scores, items),
                                                          rows_of(all.alignment, items), rows_of(all.patches, items)}));
  return summaries;
}

}  // namespace tertium
