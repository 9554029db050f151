#include "tertium/experiment/unit_runner.h"

#include <algorithm>
#include <chrono>

#include "tertium/base/item_error.h"

namespace tertium {
namespace {

/// Whether others need something of a work.
bool tells(const Sharing& sharing, const Work& work) { return sharing.give && work.parts.front() == 0; }

/// Without all parts but the first.
Work first_part(const Work& work) {
  return {work.first, work.count, {work.parts.front()}, {work.ids.front()}, work.name};
}

Tally no_rows(const Work& work) { return {std::vector<int>(work.parts.size()), std::vector<int>(work.parts.size())}; }

}  // namespace

UnitRunner::UnitRunner(Store& store, const Model& model, const UnitPlanner& planner, const RunControl& control,
                       RunOutcome& outcome)
    : store_(store), model_(model), planner_(planner), control_(control), outcome_(outcome) {}

void UnitRunner::demand_going_on() const {
  if (control_.stop && control_.stop()) throw Stopped{};
}

bool UnitRunner::run(const Demand& demand, const WorkPlan& plan, Stage& stage, const Compute& compute,
                     const Sharing& sharing) {
  Pass pass{demand, stage, compute, sharing, demand.members.size() * (demand.apart ? demand.parts.size() : 1)};
  for (const Work& work : plan.works) pass.done -= work.count;
  stage.reached(pass.done);
  if (plan.works.empty()) return true;
  store_.commit();  // what was added before is no part of a unit that may be taken back
  std::vector<Work> others;
  bool all_done = true;
  for (const Work& work : control_.shares ? shared(pass, plan.works) : plan.works) {
    demand_going_on();
    if (control_.shares && !control_.shares->take(work.name, sharing.needed))
      others.push_back(work);
    else
      all_done &= do_work(pass, work);
  }
  return await(pass, std::move(others)) && all_done;
}

std::vector<Work> UnitRunner::shared(Pass& pass, const std::vector<Work>& works) {
  std::vector<Work> left;
  for (const Work& work : works) {
    Work rest{work.first, work.count, {}, {}, work.name};
    for (std::size_t p = 0; p < work.parts.size(); ++p) {
      // Of what lies in files, the files tell, which may be gone.
      if (pass.sharing.needed != Needed::as_files && control_.own.contains(work.ids[p])) continue;
      rest.parts.push_back(work.parts[p]);
      rest.ids.push_back(work.ids[p]);
    }
    if (rest.parts.empty())
      pass.done += rest.count;
    else
      left.push_back(std::move(rest));
  }
  // So that whoever joins the workers' results knows what is missing.
  for (const Work& work : left) file(pass.demand, work, kUnitOpen, no_rows(work));
  pass.stage.commit(pass.done);
  std::rotate(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(control_.shares->first_of(left.size())),
              left.end());
  return left;
}

bool UnitRunner::await(Pass& pass, std::vector<Work> works) {
  Shares* const shares = control_.shares;
  bool all_done = true;
  const auto settle = [&](const Work& work) {
    if (const auto given = shares->result(work.name))
      all_done &= adopt(pass, work, *given);
    else if (shares->take(work.name, pass.sharing.needed))  // its worker has died
      all_done &= do_work(pass, work);
    else
      return false;
    return true;
  };
  for (;;) {
    std::erase_if(works, settle);
    if (works.empty()) return all_done;
    demand_going_on();
    if (pass.sharing.needed == Needed::by_none || !shares->wait()) return false;
  }
}

bool UnitRunner::do_work(Pass& pass, const Work& work) {
  bool whole = true;
  try {
    whole = do_alone(pass, work);
  } catch (const ItemError&) {  // of several members: each by itself
    forget(work);
    for (const Work& single : planner_.singly(pass.demand, work)) {
      demand_going_on();
      whole &= do_alone(pass, single);
    }
  }
  if (control_.shares)
    control_.shares->done(work.name, tells(pass.sharing, work) ? pass.sharing.give(work)
                                     : whole                   ? kUnitDone
                                                               : kUnitFailed);
  return whole;
}

bool UnitRunner::do_alone(Pass& pass, const Work& work) {
  constexpr std::size_t kHopeless = 3;
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  Tally tally = no_rows(work);
  bool whole = true;
  try {
    pass.compute(work, tally, [&](std::size_t members) { pass.stage.reached(pass.done + members); });
    model_.demand_unchanged();
    file(pass.demand, work, kUnitDone, tally, seconds());
    outcome_.computed += work.parts.size();
    pass.done += work.count;
  } catch (const ItemError& error) {
    store_.rollback();
    if (work.count > 1 && !pass.demand.together) throw;
    const bool nothing_works = outcome_.computed == 0 && !planner_.knows_any();
    if (nothing_works && outcome_.failures.size() + 1 >= kHopeless) throw Error(error.what());
    file(pass.demand, work, kUnitFailed, no_rows(work), seconds(), error.what());
    outcome_.failures.push_back(error.what());
    whole = false;
  }
  pass.stage.commit(pass.done);
  return whole;
}

bool UnitRunner::adopt(Pass& pass, const Work& work, const std::string& given) {
  if (!tells(pass.sharing, work)) {
    pass.done += work.count;
    pass.stage.reached(pass.done);
    return given != kUnitFailed;
  }
  Tally tally = no_rows(work);
  const std::set<std::size_t> failed = pass.sharing.adopt(work, given, tally);
  if (failed.empty())
    file(pass.demand, first_part(work), kUnitDone, tally);
  else
    forget(work);
  for (const Work& single : failed.empty() ? std::vector<Work>{} : planner_.singly(pass.demand, work))
    if (!failed.contains(single.first)) file(pass.demand, first_part(single), kUnitDone, no_rows(single));
  pass.done += work.count - failed.size();
  pass.stage.commit(pass.done);
  return failed.empty();
}

void UnitRunner::forget(const Work& work) {
  for (const std::string& id : work.ids) store_.remove_unit(id);
}

void UnitRunner::file(const Demand& demand, const Work& work, const std::string& state, const Tally& tally,
                      double seconds, const std::string& error) {
  for (std::size_t p = 0; p < work.parts.size(); ++p)
    store_.add(UnitRow{.id = work.ids[p],
                       .task = demand.series.task,
                       .protocol = demand.series.protocol,
                       .language = demand.series.language,
                       .direction = demand.series.direction,
                       .first_item = demand.members[work.first],
                       .items = static_cast<int>(work.count),
                       .state = state,
                       .seconds = seconds / static_cast<double>(work.parts.size()),
                       .rows = tally.rows[p],
                       .worker = control_.worker,
                       .stage = demand.series.stage,
                       .part = demand.parts[work.parts[p]],
                       .ties = tally.ties[p],
                       .error = error});
}

}  // namespace tertium
