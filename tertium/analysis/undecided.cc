#include "tertium/analysis/undecided.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {

std::string undecided_key(const std::string& task, const std::string& protocol, const std::string& language) {
  return fmt::format("identical_options {} {} {}", task, protocol, language);
}

std::set<std::string> undecided_items(const RunInfo& info, const std::string& task, const std::string& protocol,
                                      const std::string& language) {
  const std::string wanted = undecided_key(task, protocol, language);
  std::set<std::string> ids;
  for (const auto& [key, value] : info) {
    if (key != wanted) continue;
    const nlohmann::json list = nlohmann::json::parse(value, nullptr, /*allow_exceptions=*/false);
    const auto is_text = [](const nlohmann::json& id) { return id.is_string(); };
    if (!list.is_array() || !std::ranges::all_of(list, is_text))
      fail("runs: \"{}\" is no list of ids; are the results whole?", printable(key));
    for (const nlohmann::json& id : list) ids.insert(id.get<std::string>());
  }
  return ids;
}

}  // namespace tertium
