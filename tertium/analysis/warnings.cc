#include "tertium/analysis/warnings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "tertium/base/text.h"

namespace tertium {
namespace {

struct Kind {
  std::string_view key, text;
  std::size_t language = 0;  // which word of a place it is, counted from the end; 0: none is known to be one
};

// In the order of how much harm they do.
constexpr Kind kKinds[] = {
    {"left_out", "Items that are too long for the model were not asked."},
    {"truncated", "Items that are too long for the model lost tokens at their beginning."},
    {"identical_options",
     "Items with two options of one text are scored, but no answer decides them: they are in none of TS, TF, FS and "
     "FF, "
     "and are not patched.",
     1},
    {"asked_otherwise",
     "Items say something else in the field that chooses what is asked (cause or effect) than in the pivot.", 1},
    {"joints_swallowed", "In some items a token spans context and option; the option is scored from the next token on.",
     1},
    {"bos_in_text", "Texts begin with the tokenizer's BOS already; none is put before them."},
    {"lacking", "Items that lack a position, in their own or in the other language, are not patched there."},
    {"few_donors", "A control finds fewer donors than it should for some items: too few others fit."},
    {"ties", "Cosines within 1e-6 of each other count as ties, and a tie as not aligned.", 2},
};

/// What was counted; a list of ids counts its ids.
std::string count_of(const std::string& value) {
  const nlohmann::json list = nlohmann::json::parse(value, nullptr, false);
  return list.is_array() ? std::to_string(list.size()) : printable(value);
}

/// Places of one kind with their counts; those that differ by their language alone stand together.
class Places {
 public:
  explicit Places(std::size_t language) : language_(language) {}

  void add(const std::string& place, const std::string& count) {
    std::vector<std::string> words;
    for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
      end = place.find(' ', begin);
      words.push_back(place.substr(begin, end - begin));
    }
    std::string own;
    if (language_ > 0 && words.size() > language_) {
      const auto at = words.end() - static_cast<std::ptrdiff_t>(language_);
      own = *at;
      words.erase(at);
    }
    const std::string rest = fmt::format("{}", fmt::join(words, " "));
    auto found = std::ranges::find(groups_, rest, &Group::rest);
    if (own.empty() || found == groups_.end()) found = groups_.insert(groups_.end(), {rest, {}});
    found->members.push_back({place, own, count});
  }

  /// "xcopa loglik it: 3", "xcopa loglik: it 3, zh 5"
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    for (const Group& group : groups_) {
      if (group.members.size() == 1) {
        all.push_back(fmt::format("{}: {}", group.members[0].place, group.members[0].count));
        continue;
      }
      std::vector<std::string> members;
      for (const Member& member : group.members) members.push_back(fmt::format("{} {}", member.language, member.count));
      all.push_back(fmt::format("{}: {}", group.rest, join(members)));
    }
    return all;
  }

 private:
  struct Member {
    std::string place, language, count;
  };
  struct Group {
    std::string rest;  // of the place, without the language
    std::vector<Member> members;
  };
  std::size_t language_;
  std::vector<Group> groups_;
};

}  // namespace

std::vector<Warning> warnings(const RunInfo& info) {
  std::vector<Warning> found;
  for (const Kind& kind : kKinds) {
    Places places(kind.language);
    const std::string lead = fmt::format("{} ", kind.key);
    for (const auto& [key, value] : info) {
      if (!key.starts_with(lead)) continue;
      const std::string count = count_of(value);
      if (count != "0") places.add(printable(key.substr(lead.size())), count);
    }
    if (std::vector<std::string> lines = places.lines(); !lines.empty())
      found.push_back({std::string(kind.text), std::move(lines)});
  }
  return found;
}

}  // namespace tertium
