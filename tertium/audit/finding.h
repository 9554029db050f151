#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// error: the run refuses it, or its numbers compare what is not comparable. warning: the numbers are not what they
/// seem to be. note: to be known when they are read.
enum class Severity { error, warning, note };
std::string_view to_string(Severity severity);

/// What a check has found in the items of one task.
struct Finding {
  std::string task;
  std::string language;  // empty: it is about the task in all languages
  std::string check;     // the check's name
  Severity severity = Severity::note;
  std::vector<std::string> items;  // ids; none where it is not about single items
  std::size_t count = 0;           // items (in check `files`: lines) that it is about,
  std::size_t of = 0;              // of so many; 0 where that says nothing
  std::string message;             // a plain English sentence, without the ids

  bool operator==(const Finding&) const = default;
};

}  // namespace tertium
