#include "tertium/experiment/lineup_units.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/model/config.h"

namespace tertium {

LineupUnits::LineupUnits(const PatchMenu& menu, const TaskSpec& task, const LanguagePair& pair, const ItemKeys& pivot,
                         const ItemKeys& other, const Lineup& lineup, int blocks)
    : menu_(menu), task_(task), pair_(pair), pivot_(pivot), other_(other), lineup_(lineup), blocks_(blocks) {
  for (const Place& place : menu.places) {
    const std::string& position = menu.spec.positions[place.position];
    for (std::size_t control = 0; control < menu.controls.size(); ++control) {
      const ControlRun& run = menu.controls[control];
      for (int draw = 0; draw < (run.control->is_drawn ? menu.spec.draws : 1); ++draw) {
        Part part{control, draw, place.site.kind, place.position, {}, {}};
        const auto [found, is_new] = index_.emplace(part.key(), parts_.size());
        if (is_new) {
          part.name = fmt::format("{} {} {} {}", run.name, draw, info(place.site.kind).name, position);
          parts_.push_back(std::move(part));
        }
        parts_[found->second].places += fmt::format("{}/{} ", to_string(place.site), place.window);
      }
    }
  }
  if (std::ranges::none_of(menu.controls, [](const ControlRun& run) { return run.control->takes_means; })) return;
  Hasher averaged;
  for (const std::size_t item : lineup.averaged) averaged.add(pivot.asked[item]).add(other.asked[item]);
  averaged_ = averaged.hex();
}

UnitSeries LineupUnits::series(const char* stage) const {
  return {task_.name, task_.stored_protocol(), pair_.other.language, stage, std::string(lineup_.direction->name)};
}

Demand LineupUnits::patches() const {
  Demand demand{.series = series(kPatched), .parts = {}, .members = {}};
  for (const Part& part : parts_) demand.parts.push_back(part.name);
  for (const Lineup::Recipient& recipient : lineup_.recipients)
    demand.members.push_back(pair_.other.items[recipient.item].id);
  demand.key = [this](std::size_t part, std::size_t recipient) { return key(part, recipient); };
  demand.cost = [this](std::size_t recipient, const std::vector<std::size_t>& parts) { return cost(recipient, parts); };
  return demand;
}

Demand LineupUnits::means() const {
  Demand demand{.series = series(kMeans), .parts = {"means"}, .members = {}};
  for (const std::size_t item : lineup_.averaged) demand.members.push_back(pair_.other.items[item].id);
  std::string places;
  for (const Place& place : menu_.places)
    places += fmt::format("{}/{} {} ", to_string(place.site), place.window, menu_.spec.positions[place.position]);
  demand.key = [this, places](std::size_t, std::size_t member) {
    const std::size_t item = lineup_.averaged[member];
    return Hasher().add(places).add(pivot_.asked[item]).add(other_.asked[item]).hex();
  };
  demand.cost = [this](std::size_t member, const std::vector<std::size_t>&) {
    const std::size_t item = lineup_.averaged[member];
    return static_cast<double>(pair_.pivot.questions[item].context.size() + pair_.other.questions[item].context.size());
  };
  return demand;
}

bool LineupUnits::take_means(const std::vector<std::size_t>& parts) const {
  return std::ranges::any_of(
      parts, [&](std::size_t part) { return menu_.controls[parts_[part].control].control->takes_means; });
}

std::size_t LineupUnits::part_of(const PatchedRun& run) const {
  const auto control = static_cast<std::size_t>(run.control - menu_.controls.data());
  return index_.at({control, run.draw, run.place->site.kind, run.place->position});
}

LineupUnits::Runs LineupUnits::runs_of(const Work& work) const {
  Runs all;
  for (std::size_t r = work.first; r < work.first + work.count; ++r)
    for (const PatchedRun& run : menu_.runs_of(lineup_.recipients[r])) {
      const auto part = std::ranges::lower_bound(work.parts, part_of(run));
      if (part == work.parts.end() || *part != part_of(run)) continue;
      all.runs.push_back(run);
      all.part.push_back(static_cast<std::size_t>(part - work.parts.begin()));
    }
  return all;
}

std::vector<PatchSlice> LineupUnits::slices_of(const Work& work) const {
  std::vector<PatchSlice> slices;
  for (const std::size_t p : work.parts) {
    const Part& part = parts_[p];
    slices.push_back({task_.name, pair_.other.language, task_.stored_protocol(), std::string(lineup_.direction->name),
                      std::string(info(part.site).name), menu_.spec.positions[part.position],
                      menu_.controls[part.control].name, part.draw});
  }
  return slices;
}

std::string LineupUnits::key(std::size_t p, std::size_t r) const {
  const Part& part = parts_[p];
  const Lineup::Recipient& recipient = lineup_.recipients[r];
  const Control& control = *menu_.controls[part.control].control;
  const Side into = lineup_.direction->recipient();
  const Side from = control.language == DonorLanguage::donor ? lineup_.direction->donor : into;
  Hasher hasher;
  // Main's own clean run in the donor language also gives a norm or a share to what is made of it.
  hasher.add(part.places).add(static_cast<std::int64_t>(menu_.spec.seed)).add(keys(into).asked[recipient.item]);
  const auto& by_control = recipient.donors[part.position];
  const auto draw = static_cast<std::size_t>(part.draw);
  if (part.control < by_control.size() && draw < by_control[part.control].size())
    hasher.add(keys(from).asked[by_control[part.control][draw]]);
  if (control.takes_means) hasher.add(averaged_);
  return hasher.hex();
}

double LineupUnits::cost(std::size_t r, const std::vector<std::size_t>& parts) const {
  const Lineup::Recipient& recipient = lineup_.recipients[r];
  const Question& question = pair_.at(lineup_.direction->recipient()).questions[recipient.item];
  const auto context = static_cast<double>(question.context.size());
  double options = 0;
  if (question.protocol == Protocol::loglik)
    for (const std::vector<TokenId>& option : question.options) options += static_cast<double>(option.size() - 1);
  double rows = 3 * context + options;  // the recipient's clean run, and its donors' where they are not kept
  for (const PatchedRun& run : menu_.runs_of(recipient)) {
    if (!std::ranges::binary_search(parts, part_of(run))) continue;
    const std::vector<int>& into = rows_named(question.positions, menu_.spec.positions[run.place->position]);
    const double branched = context - into.front() + options;
    rows += branched * (blocks_ - canonical(run.place->site).block) / blocks_;
  }
  return rows;
}

std::size_t LineupUnits::kept_bytes(const Work& work, const Config& config) const {
  const Givers givers = givers_of(lineup_, runs_of(work).runs);
  std::size_t bytes = 0;
  for (const Side side : {Side::pivot, Side::other})
    for (const std::size_t item : givers.at(side))
      bytes += kept_of(pair_.at(side).questions[item], menu_.wanted()).size(config);
  return bytes;
}

}  // namespace tertium
