#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

/// What prompts begin with, kept from run to run: keys and values of rows to which nothing was done. Later jobs that
/// begin alike hang on them instead of computing those rows again, as a sweep does behind the scoring of its prompt.
/// What they yield is the same: to the bit where products do not depend on their number of rows (Ops::packs), elsewhere
/// but for rounding.
class Beginnings {
 public:
  /// The tokens that all of some jobs begin with, if they are worth computing first: none of them is known yet.
  std::vector<std::int32_t> new_common(std::span<const Job> jobs) const;
  void keep_common(std::vector<std::int32_t> tokens, Past past);

  /// Whether a job's prompt, its first strand, is as nobody changed it, and not known yet.
  bool is_new(const Job& job) const;
  void keep(std::vector<std::int32_t> tokens, Past past);

  /// Lets a job's prompt hang on the longest beginning known of it: up to the first row that somebody looks at.
  void hang(Job& job) const;

 private:
  /// The longest beginning known of `tokens`, of at most `most` rows; null if too few are.
  Past longest(std::span<const std::int32_t> tokens, int most) const;

  std::map<std::vector<std::int32_t>, Past> kept_;
  std::vector<std::int32_t> common_tokens_;
  Past common_;
};

}  // namespace tertium
