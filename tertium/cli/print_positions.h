#pragma once

#include <string>
#include <vector>

#include "tertium/protocols/question.h"
#include "tertium/tokenizer/tokenizer.h"

namespace tertium {

/// An item as one language's run is asked it.
struct AskedText {
  std::string language;
  const Question& question;
};

/// The tokens of the texts side by side, one a row, each with the names of the positions that it is at (but for `all`
/// and `markers`, which are of many). A blank row stands wherever one text is shorter.
void print_positions(const Tokenizer& tokenizer, const std::vector<AskedText>& texts, const std::string& title);

/// One JSON object a token, the texts one after another; all names.
void print_positions_json(const Tokenizer& tokenizer, const std::vector<AskedText>& texts, const std::string& title);

}  // namespace tertium
