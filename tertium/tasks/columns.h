#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tertium/tasks/json_lines.h"

namespace tertium {

/// The rows of a table whose first row names the columns: each is handed on with its values as texts under those names.
class NamedColumns {
 public:
  /// `between`: what stands between two fields, for errors ("tab").
  NamedColumns(std::string between, const std::function<void(const JsonLine&)>& row)
      : between_(std::move(between)), row_(row) {}

  /// The fields of the next row, which stands at `where`. Throws Error naming that if the first row does not name
  /// different columns, or another has another number of fields.
  void take(const std::vector<std::string>& fields, const std::string& where);

 private:
  std::string between_;
  const std::function<void(const JsonLine&)>& row_;
  std::vector<std::string> columns_;
  std::size_t rows_ = 0;
};

/// A text without the byte order mark that may begin it.
std::string_view without_byte_order_mark(std::string_view text);

}  // namespace tertium
