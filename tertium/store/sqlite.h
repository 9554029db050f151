#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace tertium {

/// An open database file. Every failure is an Error that names the file and says what to do.
class Connection {
 public:
  enum class Access { create, read };
  Connection(const std::filesystem::path& path, Access access);

  void execute(const std::string& sql) const;
  /// The one integer that a query gives.
  std::int64_t integer(const std::string& sql) const;

  /// Whether the file was renamed or removed since it was opened.
  bool is_gone() const;

  const std::filesystem::path& path() const { return path_; }
  sqlite3* handle() const { return handle_.get(); }
  [[noreturn]] void fail_with(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::filesystem::path path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement of a connection, which must outlive it. Columns and parameters count from 0.
class Statement {
 public:
  Statement(const Connection& connection, const std::string& sql);

  /// Binds all parameters and runs the statement to its end. False if a row with the same key is there already.
  template <class... Values>
  [[nodiscard]] bool insert(const Values&... values) {
    int parameter = 0;
    (bind(parameter++, values), ...);
    return run_to_end();
  }

  using Value = std::variant<std::monostate, std::int64_t, double, std::string_view>;  // the first is NULL
  /// The same of values whose types are told by them.
  [[nodiscard]] bool insert_all(std::span<const Value> values);
  /// Binds all parameters for next().
  void ask(std::span<const Value> values);

  /// Binds a text that need not outlive the statement.
  void bind_copy(int parameter, const std::string& text);

  /// Moves to the next row of the answer; false behind the last.
  bool next();
  int columns() const { return sqlite3_column_count(handle_.get()); }
  std::string name(int column) const { return sqlite3_column_name(handle_.get(), column); }
  int type(int column) const { return sqlite3_column_type(handle_.get(), column); }  // SQLITE_TEXT …
  std::string_view view(int column) const;  // until the next step
  std::string text(int column) const { return std::string(view(column)); }
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  double real(int column) const { return sqlite3_column_double(handle_.get(), column); }

 private:
  void bind(int parameter, std::string_view text);
  void bind(int parameter, double number);
  void bind(int parameter, const std::optional<double>& number) {
    if (number) bind(parameter, *number);  // else NULL, as every parameter is until it is bound
  }
  void bind(int parameter, std::integral auto number) { bind_integer(parameter, number); }
  void bind_integer(int parameter, std::int64_t number);
  void bind_all(std::span<const Value> values);
  bool run_to_end();

  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  const Connection* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace tertium
