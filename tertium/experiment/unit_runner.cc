#include "tertium/experiment/unit_runner.h"

#include <chrono>
#include <deque>

#include "tertium/base/item_error.h"

namespace tertium {

UnitRunner::UnitRunner(Store& store, const Model& model, const UnitPlanner& planner, const RunControl& control,
                       RunOutcome& outcome)
    : store_(store), model_(model), planner_(planner), control_(control), outcome_(outcome) {}

bool UnitRunner::run(const Demand& demand, const WorkPlan& plan, Stage& stage, const Compute& compute) {
  constexpr std::size_t kHopeless = 3;
  std::size_t done = demand.members.size();
  for (const Work& work : plan.works) done -= work.count;
  stage.reached(done);
  bool all_done = true;
  if (!plan.works.empty()) store_.commit();  // what was added before is no part of a unit that may be taken back
  std::deque<Work> works(plan.works.begin(), plan.works.end());
  while (!works.empty()) {
    const Work work = std::move(works.front());
    works.pop_front();
    if (control_.stop && control_.stop()) throw Stopped{};
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    Tally tally{std::vector<int>(work.parts.size()), std::vector<int>(work.parts.size())};
    try {
      compute(work, tally, [&](std::size_t members) { stage.reached(done + members); });
      model_.demand_unchanged();
      file(demand, work, tally, seconds(), "");
      outcome_.computed += work.parts.size();
      done += work.count;
    } catch (const ItemError& error) {
      store_.rollback();
      if (work.count > 1 && !demand.together) {
        const std::vector<Work> single = planner_.singly(demand, work);
        works.insert(works.begin(), single.begin(), single.end());
        continue;
      }
      if (outcome_.computed == 0 && outcome_.failures.size() + 1 >= kHopeless) throw;
      file(demand, work, {}, seconds(), error.what());
      outcome_.failures.push_back(error.what());
      all_done = false;
    }
    stage.commit(done);
  }
  return all_done;
}

void UnitRunner::file(const Demand& demand, const Work& work, const Tally& tally, double seconds,
                      const std::string& error) {
  for (std::size_t p = 0; p < work.parts.size(); ++p)
    store_.add(UnitRow{.id = work.ids[p],
                       .task = demand.series.task,
                       .protocol = demand.series.protocol,
                       .language = demand.series.language,
                       .direction = demand.series.direction,
                       .first_item = demand.members[work.first],
                       .items = static_cast<int>(work.count),
                       .state = error.empty() ? kUnitDone : kUnitFailed,
                       .seconds = seconds / static_cast<double>(work.parts.size()),
                       .rows = error.empty() ? tally.rows[p] : 0,
                       .worker = control_.worker,
                       .stage = demand.series.stage,
                       .part = demand.parts[work.parts[p]],
                       .ties = error.empty() ? tally.ties[p] : 0,
                       .error = error});
}

}  // namespace tertium
