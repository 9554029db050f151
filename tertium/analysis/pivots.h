#pragma once

#include <map>
#include <set>
#include <string>

#include "tertium/store/store.h"

namespace tertium {

/// Which language each is held against, as `runs` has it.
class Pivots {
 public:
  explicit Pivots(const RunInfo& info);

  const std::string& common() const { return common_; }
  const std::string& of(const std::string& task, const std::string& language) const;

 private:
  std::string common_ = "en";
  std::map<std::string, std::string> own_;  // by key
  std::set<std::string> all_;
};

/// The key of `runs` under which a language's own pivot is filed, where it is not that of the run: XCOPA's English was
/// also translated from each language by itself.
std::string pivot_key(const std::string& task, const std::string& language);

}  // namespace tertium
