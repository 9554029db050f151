#pragma once

#include <optional>
#include <string>

#include "tertium/experiment/lineup.h"

namespace tertium {

class Store;
struct TaskSpec;

/// What a store knows of a language's answers.
struct StoredAnswers {
  RightAnswers right;                  // [items]; empty if any is missing
  std::optional<std::string> missing;  // the first item without all of its scores
};
StoredAnswers stored_answers(const Store& store, const TaskSpec& task, const PreparedLanguage& language);

}  // namespace tertium
