#include "tertium/experiment/units.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "tertium/base/hash.h"
#include "tertium/model/config.h"

namespace tertium {

UnitPlanner::UnitPlanner(std::string fingerprint, double most_rows, const std::vector<UnitRow>& stored)
    : fingerprint_(std::move(fingerprint)), most_rows_(most_rows) {
  for (const UnitRow& row : stored)
    if (row.state == kUnitDone)
      stored_[place_of({row.task, row.protocol, row.language, row.stage, row.direction}, row.part)].push_back(row);
}

UnitPlanner::Place UnitPlanner::place_of(const UnitSeries& series, const std::string& part) {
  return {series.task, series.protocol, series.language, series.stage, series.direction, part};
}

std::string UnitPlanner::id(const Demand& demand, std::size_t part, std::size_t first, std::size_t count) const {
  Hasher hasher;
  const UnitSeries& series = demand.series;
  for (const std::string& text : {fingerprint_, series.task, series.protocol, series.language, series.stage,
                                  series.direction, demand.parts[part]})
    hasher.add(text);
  for (std::size_t member = first; member < first + count; ++member) hasher.add(demand.key(part, member));
  return hasher.hex();
}

std::vector<std::size_t> Work::members() const {
  std::vector<std::size_t> members(count);
  std::iota(members.begin(), members.end(), first);
  return members;
}

WorkPlan UnitPlanner::plan(const Demand& demand) const {
  WorkPlan plan;
  const std::size_t members = demand.members.size();
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t member = 0; member < members; ++member) index.emplace(demand.members[member], member);

  std::vector<std::vector<bool>> is_done(demand.parts.size(), std::vector<bool>(members));
  for (std::size_t part = 0; part < demand.parts.size(); ++part) {
    const auto stored = stored_.find(place_of(demand.series, demand.parts[part]));
    if (stored == stored_.end()) continue;
    for (const UnitRow& row : stored->second) {
      const auto found = index.find(row.first_item);
      const std::size_t count = static_cast<std::size_t>(row.items);
      const bool fits = found != index.end() && count <= members - found->second &&
                        (!demand.together || count == members) && id(demand, part, found->second, count) == row.id;
      if (!fits) {
        plan.outdated.push_back(row);
      } else if (!demand.is_kept || demand.is_kept(row.id)) {
        std::fill_n(is_done[part].begin() + static_cast<std::ptrdiff_t>(found->second), count, true);
        plan.finished.emplace_back(found->second, row.id);
        ++plan.done;
      }
    }
  }

  const auto add_works = [&](std::size_t first_part, std::size_t end_part) {
    double rows = 0;
    for (std::size_t member = 0; member < members; ++member) {
      std::vector<std::size_t> missing;
      for (std::size_t part = first_part; part < end_part; ++part)
        if (!is_done[part][member]) missing.push_back(part);
      if (missing.empty()) continue;
      const double more = demand.cost(member, missing);
      Work* last = plan.works.empty() ? nullptr : &plan.works.back();
      if (last && last->first + last->count == member && last->parts == missing &&
          (demand.together || rows + more <= most_rows_)) {
        ++last->count;
        rows += more;
      } else {
        plan.works.push_back({member, 1, std::move(missing), {}});
        rows = more;
      }
    }
  };
  if (!demand.apart) add_works(0, demand.parts.size());
  for (std::size_t part = 0; demand.apart && part < demand.parts.size(); ++part) add_works(part, part + 1);
  for (Work& work : plan.works) {
    for (const std::size_t part : work.parts) work.ids.push_back(id(demand, part, work.first, work.count));
    plan.to_do += work.parts.size();
    work.name = work.ids.front();
  }
  return plan;
}

std::vector<Work> UnitPlanner::singly(const Demand& demand, const Work& work) const {
  std::vector<Work> works;
  for (std::size_t member = work.first; member < work.first + work.count; ++member) {
    works.push_back({member, 1, work.parts, {}});
    for (const std::size_t part : work.parts) works.back().ids.push_back(id(demand, part, member, 1));
  }
  return works;
}

void UnitCount::add(const WorkPlan& plan) {
  done += plan.done;
  all += plan.done + plan.to_do;
}

RowOperations row_operations(const Config& config) {
  const double width = config.hidden, heads = config.heads * config.head_dim, kv = config.kv_heads * config.head_dim;
  const double mlp = config.experts.count > 0 ? static_cast<double>(config.experts.per_row) * config.experts.width
                                              : static_cast<double>(config.mlp);
  return {2 * width * (2 * heads + 2 * kv + 3 * mlp), 2 * width * config.vocabulary};
}

double rows_of_work(const Config& config) {
  // A nominal speed: cuts must not depend on how busy the machine is.
  constexpr double kOperations = 3.2e12;
  constexpr double kFewest = 1024, kMost = 32'768;  // below, weights are read for too few rows
  const double of_row = config.block_count() * row_operations(config).block;
  return std::clamp(kOperations / std::max(1.0, of_row), kFewest, kMost);
}

}  // namespace tertium
