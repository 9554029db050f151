#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tertium/audit/texts.h"

namespace tertium {

/// What parallel items say in each language, and what most of the languages say.
class Vote {
 public:
  using Says = std::function<std::string(const Item&)>;
  using ItemsOf = const std::vector<Item>& (*)(const LanguageTexts& language);  // all_items or asked_items

  /// `silent`: languages whose word does not count, unless there is no other.
  Vote(const TaskTexts& texts, ItemsOf items, const Says& says, const std::set<std::string>& silent = {});

  /// An item for which a language says `here`, and the majority `most`.
  struct Dissent {
    std::string item, here, most;
    bool tied = false;  // there is no majority; `most` is what the pivot says
  };
  std::vector<Dissent> dissent(const LanguageTexts& language) const;

  /// Who says otherwise of all the items: "that of the majority (en, it)", or "that of the pivot's side (…)" of a tie.
  std::string majority(const std::vector<Dissent>& items) const;

 private:
  struct Ballot {
    std::string most;
    std::set<std::string> languages;  // that say it
    bool tied = false;
  };
  const TaskTexts& texts_;
  ItemsOf items_;
  Says says_;
  std::map<std::string, Ballot> ballots_;  // by item
};

/// The ids in their order.
std::vector<std::string> ids_of(const std::vector<Vote::Dissent>& items);

}  // namespace tertium
