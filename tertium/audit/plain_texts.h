#pragma once

#include <string>
#include <vector>

#include "tertium/audit/texts.h"
#include "tertium/experiment/experiment.h"

namespace tertium {

/// What is asked without options: sentences, whose ids are their lines from 0, and open questions. Their text is the
/// premise of an item that has no options.
struct PlainTexts {
  TaskSpec spec;  // with the name alone
  std::vector<LanguageTexts> languages;
  std::string problem;  // that concerns all of them

  /// Takes the texts; this must outlive the result, which names `spec`.
  TaskTexts take() {
    return {.task = nullptr, .spec = spec, .languages = std::move(languages), .problem = std::move(problem)};
  }
};

/// Those of all tasks of an experiment that are named parallel, translate or generate; of translations the target is
/// one of the languages. What cannot be read is a problem.
std::vector<PlainTexts> read_plain_texts(const Experiment& experiment);

}  // namespace tertium
