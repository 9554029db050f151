#include "tertium/experiment/lineup.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/experiment/run.h"
#include "tertium/patching/control.h"
#include "tertium/patching/place.h"

namespace tertium {
namespace {

/// Fills lineup.pool, solved and averaged.
void sort_items(const PatchSpec& spec, const LanguagePair& pair, Lineup& lineup) {
  for (std::size_t i = 0; i < pair.other.items.size(); ++i) {
    if (!pair.can_be_right(i)) continue;
    const Transfer kind = transfer(pair.pivot_right[i], pair.other_right[i]);
    const bool in_pool = spec.all_items || kind == lineup.direction->pool;
    if (in_pool) lineup.pool.push_back(i);
    if (kind == Transfer::ts) lineup.solved.push_back(i);
    if (!in_pool || spec.all_items) lineup.averaged.push_back(i);
  }
}

/// The donors of one recipient at one position, by control.
class Chooser {
 public:
  Chooser(const PatchSpec& spec, const LanguagePair& pair, const Lineup& lineup, const std::string& position)
      : spec_(spec), pair_(pair), lineup_(lineup), position_(position) {}

  /// Whether what stands at the position in an item of a language can go into the recipient.
  bool matches(Side donor_side, std::size_t donor, std::size_t recipient) const {
    const PreparedLanguage& into = pair_.at(lineup_.direction->recipient());
    return matched_rows(position_, pair_.at(donor_side).questions[donor].positions, into.questions[recipient].positions)
        .has_value();
  }

  std::vector<std::size_t> donors(const Control& control, std::size_t recipient) const {
    const Side side =
        control.language == DonorLanguage::donor ? lineup_.direction->donor : lineup_.direction->recipient();
    if (control.takes_means && !can_average(recipient)) return {};
    return control.donors({pair_.at(lineup_.direction->recipient()).items, lineup_.pool, lineup_.solved, recipient,
                           spec_.draws, spec_.seed,
                           [&](std::size_t donor) { return matches(side, donor, recipient); }});
  }

 private:
  /// Whether another item has a row for each of the recipient's, in both languages.
  bool can_average(std::size_t recipient) const {
    return std::any_of(lineup_.averaged.begin(), lineup_.averaged.end(), [&](std::size_t item) {
      return item != recipient && matches(Side::pivot, item, recipient) && matches(Side::other, item, recipient);
    });
  }

  const PatchSpec& spec_;
  const LanguagePair& pair_;
  const Lineup& lineup_;
  const std::string& position_;
};

void demand_position_in(const std::string& position, const Question& pivot, const Question& other) {
  for (const Question* question : {&pivot, &other})
    if (rows_named(question->positions, position).empty())
      fail("{}: has no position \"{}\"; leave it out of patch.positions, or set patch.missing = \"skip\"",
           question->name, position);
  if (!matched_rows(position, pivot.positions, other.positions))
    fail("{}: position \"{}\" has {} rows, but {} in the pivot; leave the item out, or set patch.missing = \"skip\"",
         other.name, position, rows_named(other.positions, position).size(),
         rows_named(pivot.positions, position).size());
}

}  // namespace

bool LanguagePair::can_be_right(std::size_t item) const {
  return !pivot.questions[item].identical_options && !other.questions[item].identical_options;
}

void demand_patchable(const PatchSpec& spec, const std::vector<PreparedTask>& tasks, const Config& config) {
  make_places(spec, config);
  if (spec.skip_missing) return;
  for (const PreparedTask& task : tasks)
    for (const PreparedLanguage& other : task.others)
      for (const std::string& position : spec.positions)
        for (std::size_t i = 0; i < other.questions.size(); ++i)
          demand_position_in(position, task.pivot.questions[i], other.questions[i]);
}

Lineup line_up(const PatchSpec& spec, const Direction& direction, const LanguagePair& pair) {
  Lineup lineup{.direction = &direction};
  sort_items(spec, pair, lineup);
  const std::size_t count =
      spec.max_items ? std::min<std::size_t>(lineup.pool.size(), *spec.max_items) : lineup.pool.size();
  const std::vector<ControlRun> controls = control_runs(spec.controls, spec.doses);
  for (std::size_t r = 0; r < count; ++r) {
    const std::size_t item = lineup.pool[r];
    Lineup::Recipient& recipient = lineup.recipients.emplace_back(Lineup::Recipient{item, {}});
    std::map<std::string, bool> is_short;  // by control
    for (const std::string& position : spec.positions) {
      const Chooser chooser(spec, pair, lineup, position);
      std::vector<std::vector<std::size_t>>& donors = recipient.donors.emplace_back();
      if (!chooser.matches(direction.donor, item, item)) {
        ++lineup.lacking[position];
        continue;
      }
      for (const ControlRun& run : controls) {
        donors.push_back(chooser.donors(*run.control, item));
        is_short[run.name] |= donors.back().size() < static_cast<std::size_t>(run.control->is_drawn ? spec.draws : 1);
      }
    }
    for (const auto& [control, yes] : is_short) lineup.short_of_donors[control] += yes;
  }
  std::erase_if(lineup.short_of_donors, [](const auto& entry) { return entry.second == 0; });
  return lineup;
}

}  // namespace tertium
