#pragma once

#include <string>
#include <vector>

namespace tertium {

struct PreparedLanguage;  // experiment/run.h

/// What decides the numbers of a language's items, beside the model: hashes, item by item.
struct ItemKeys {
  std::vector<std::string> asked;  // [items] the question in token ids, how it is read, and where its positions are
  std::vector<std::string> texts;  // [items] its statements and its premise
};
ItemKeys keys_of(const PreparedLanguage& language);

}  // namespace tertium
