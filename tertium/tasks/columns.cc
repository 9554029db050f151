#include "tertium/tasks/columns.h"

#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {

void NamedColumns::take(const std::vector<std::string>& fields, const std::string& where) {
  constexpr std::size_t kMostColumns = 1000;
  if (columns_.empty()) {
    if (fields.size() < 2 || fields.size() > kMostColumns)
      fail("{}: the first line must name the columns, with {}s between them", where, between_);
    std::set<std::string> names;
    for (const std::string& name : fields)
      if (!names.insert(name).second)
        fail("{}: two columns are called \"{}\"; their names must differ", where, printable(name));
    columns_ = fields;
    return;
  }
  if (fields.size() != columns_.size())
    fail("{}: has {} fields, but the first line names {} columns; write one {} between two fields", where,
         fields.size(), columns_.size(), between_);
  JsonLine entry{nlohmann::json::object(), where, rows_++};
  for (std::size_t i = 0; i < fields.size(); ++i) entry.value[columns_[i]] = fields[i];
  entry.names = columns_;
  row_(entry);
}

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

}  // namespace tertium
