#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/audit/finding.h"
#include "tertium/audit/texts.h"
#include "tertium/experiment/run.h"

namespace tertium {

/// Items of one language that cannot be asked.
struct UnaskedItems {
  std::vector<std::string> items;  // ids; none where it is the whole language
  std::string message;             // of the first
};

/// What a tokenizer makes of a task's items; one that it cannot ask is left out of its language.
struct TaskTokens {
  const PreparedTask& task;
  const Limits& limits;                              // of the model
  std::size_t special;                               // tokens that the tokenizer puts around every text
  std::map<std::string, UnaskedItems> unasked = {};  // by language
};

/// Looks for one kind of trap. Add one: audit/checks/<name>.cc, which defines <name>_check, and a line in checks.def.
struct Check {
  std::string_view name;
  /// Any may be null. All leave `task` and `check` of a finding to the caller.
  std::vector<Finding> (*texts)(const TaskTexts& texts) = nullptr;
  std::vector<Finding> (*plain)(const TaskTexts& texts) = nullptr;  // of texts without options (plain_texts.h)
  std::vector<Finding> (*tokens)(const TaskTokens& tokens) = nullptr;
};

/// All of them, in the order of checks.def.
const std::vector<const Check*>& checks();

}  // namespace tertium
