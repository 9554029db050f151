#pragma once

#include <map>
#include <string>
#include <vector>

#include "tertium/protocols/answer.h"
#include "tertium/store/store.h"

namespace tertium {

using Answers = std::map<std::string, Answer>;  // by item

/// How one language answered a task under one protocol.
struct LanguageAnswers {
  std::string task, protocol, language;
  Answers answers;
};

/// Stored rows as answers, in the order in which their languages were first stored. Throws Error naming the item whose
/// options do not come one by one from 0 on, or of which not exactly one is right.
std::vector<LanguageAnswers> answers_of(const std::vector<ScoreRow>& rows);

/// Of these; null where there are none.
const Answers* find_answers(const std::vector<LanguageAnswers>& all, const std::string& task,
                            const std::string& protocol, const std::string& language);

/// The answer to an item that other rows speak of. Throws Error naming it if there is none.
const Answer& answer_to(const Answers& answers, const std::string& item);

/// Adds the score of a row's option to those of the options before it. Throws Error naming the table and the item if it
/// is not the next.
void add_option(std::vector<double>& scores, const ScoreRow& row);
void add_option(std::vector<double>& scores, const PatchRow& row);

}  // namespace tertium
