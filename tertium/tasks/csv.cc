#include "tertium/tasks/csv.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/tasks/columns.h"

namespace tertium {
namespace {

/// Takes rows off the front of a text.
class CsvRows {
 public:
  CsvRows(std::string_view text, std::string file) : rest_(text), file_(std::move(file)) {}

  /// Passes over blank lines; false at the end.
  bool next() {
    while (!rest_.empty() && skip_line_end()) {
    }
    row_line_ = line_;
    return !rest_.empty();
  }

  /// Where the row that comes next begins.
  std::string where() const { return fmt::format("{}:{}", file_, row_line_); }

  std::vector<std::string> take_fields() {
    std::vector<std::string> fields = {take_field()};
    while (!rest_.empty() && rest_.front() == ',') {
      rest_.remove_prefix(1);
      fields.push_back(take_field());
    }
    if (!rest_.empty() && !skip_line_end())
      fail("{}: text follows the closing quote of field {}; double the quotes that belong to a field", where(),
           fields.size());
    return fields;
  }

 private:
  bool skip_line_end() {
    const std::size_t size = rest_.starts_with("\r\n") ? 2 : rest_.starts_with("\n") ? 1 : 0;
    rest_.remove_prefix(size);
    line_ += size > 0;
    return size > 0;
  }

  std::string take_field() {
    if (rest_.starts_with('"')) return take_quoted();
    std::size_t size = std::min(rest_.find_first_of(",\n"), rest_.size());
    if (size > 0 && size < rest_.size() && rest_[size] == '\n' && rest_[size - 1] == '\r') --size;
    std::string field(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return field;
  }

  std::string take_quoted() {
    std::string field;
    rest_.remove_prefix(1);
    while (true) {
      const std::size_t quote = rest_.find('"');
      if (quote == rest_.npos) fail("{}: a quote opens in this row and is never closed; close it", where());
      line_ +=
          static_cast<std::size_t>(std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(quote), '\n'));
      field += rest_.substr(0, quote);
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) return field;
      field += '"';
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  std::string file_;
  std::size_t line_ = 1, row_line_ = 1;  // where rest_ begins, and where the row did
};

}  // namespace

void read_csv(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& row) {
  const std::string text = read_text_file(file);
  CsvRows rows(without_byte_order_mark(text), file.string());
  NamedColumns columns("comma", row);
  while (rows.next()) {
    const std::vector<std::string> fields = rows.take_fields();
    columns.take(fields, rows.where());
  }
}

}  // namespace tertium
