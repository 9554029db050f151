#pragma once

#include <vector>

#include "tertium/protocols/question.h"

namespace tertium {

// Items as text, as question.h makes token ids of them.

/// Trailing white space of what stands before belongs to what is scored, as in encode_continuations.
ScoredText at_joint(ScoredText text);

/// The options of an item as letters_question asks them: behind the whole prompt each one's letter.
std::vector<ScoredText> letters_texts(const Item& item, const LettersTemplate& letters,
                                      const ChatTemplate* chat = nullptr, const std::vector<Item>& examples = {});

}  // namespace tertium
