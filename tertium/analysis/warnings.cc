#include "tertium/analysis/warnings.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "tertium/base/text.h"

namespace tertium {
namespace {

struct Kind {
  std::string_view key, text;
};

// In the order of how much harm they do.
constexpr Kind kKinds[] = {
    {"left_out", "Items that are too long for the model were not asked."},
    {"truncated", "Items that are too long for the model lost tokens at their beginning."},
    {"identical_options",
     "Items with two options of one text are scored, but no answer decides them: they are in none of TS, TF, FS and "
     "FF, "
     "and are not patched."},
    {"asked_otherwise",
     "Items say something else in the field that chooses what is asked (cause or effect) than in the pivot."},
    {"joints_swallowed",
     "In some items a token spans context and option; the option is scored from the next token on."},
    {"bos_in_text", "Texts begin with the tokenizer's BOS already; none is put before them."},
    {"lacking", "Items that lack a position, in their own or in the other language, are not patched there."},
    {"few_donors", "A control finds fewer donors than it should for some items: too few others fit."},
    {"ties", "Cosines within 1e-6 of each other count as ties, and a tie as not aligned."},
};

/// What was counted; a list of ids counts its ids.
std::string count_of(const std::string& value) {
  const nlohmann::json list = nlohmann::json::parse(value, nullptr, false);
  return list.is_array() ? std::to_string(list.size()) : printable(value);
}

}  // namespace

std::vector<Warning> warnings(const RunInfo& info) {
  std::vector<Warning> found;
  for (const Kind& kind : kKinds) {
    Warning warning{std::string(kind.text), {}};
    const std::string lead = fmt::format("{} ", kind.key);
    for (const auto& [key, value] : info) {
      if (!key.starts_with(lead)) continue;
      const std::string count = count_of(value);
      if (count != "0") warning.where.push_back(fmt::format("{}: {}", printable(key.substr(lead.size())), count));
    }
    if (!warning.where.empty()) found.push_back(std::move(warning));
  }
  return found;
}

}  // namespace tertium
