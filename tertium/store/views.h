#pragma once

#include <string>

namespace tertium {

/// A view's name, and the query that it stands for.
struct View {
  const char* name;
  const char* sql;
};
/// What every patched run answers (docs/results.md); of files of layout 8 on.
extern const View kPatchedAnswers;

/// SQL that makes the views of a results.db where they are not there. They are for whoever reads the file by other
/// means; this program asks their queries, since a file may hold any view.
std::string views_sql();

}  // namespace tertium
