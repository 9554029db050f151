#include "tertium/analysis/pivots.h"

#include <fmt/format.h>

namespace tertium {

Pivots::Pivots(const RunInfo& info) {
  for (const auto& [key, value] : info) {
    if (key == "pivot") common_ = value;
    if (key.starts_with("pivot ")) own_[key] = value;
  }
  for (const auto& [key, value] : own_) all_.insert(value);
  all_.insert(common_);
}

const std::string& Pivots::of(const std::string& task, const std::string& language) const {
  if (all_.contains(language)) return language;
  const auto own = own_.find(pivot_key(task, language));
  return own == own_.end() ? common_ : own->second;
}

std::string pivot_key(const std::string& task, const std::string& language) {
  return fmt::format("pivot {} {}", task, language);
}

}  // namespace tertium
