#include "tertium/experiment/ablation_units.h"

#include <fmt/format.h>

#include <algorithm>

#include "tertium/base/hash.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/stages.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

// What one job may take, which the engine cannot divide; where an item's ablations take more they are cut into several,
// each with a clean run of its own.
constexpr std::size_t kMostRows = 16'384;
constexpr std::size_t kMostBytes = std::size_t{256} << 20;  // of recordings

std::size_t recorded_bytes(const Job& job, const Config& config) {
  std::size_t numbers = 0;
  for (const Recording& one : job.recordings)
    numbers += static_cast<std::size_t>(layers_of(config, one.quantity)) * static_cast<std::size_t>(one.rows) *
               width_of(config, one.quantity);
  return numbers * sizeof(float);
}

/// How many ablations of such an item one job holds.
std::size_t ablations_in_a_job(const Job& clean, const Config& config) {
  const std::size_t rows = kMostRows / std::max<std::size_t>(1, static_cast<std::size_t>(clean.rows())),
                    bytes = kMostBytes / std::max<std::size_t>(1, recorded_bytes(clean, config));
  return std::max<std::size_t>(2, std::min(rows, bytes)) - 1;
}

}  // namespace

AblationUnits::AblationUnits(const AblateSpec& spec, const PreparedTask& task, const PreparedLanguage& language,
                             const ItemKeys& pivot, const ItemKeys& own, const std::string& metrics,
                             const Config& config)
    : spec_(spec),
      task_(task),
      language_(language),
      pivot_(pivot),
      own_(own),
      metrics_(metrics),
      align_(!metrics.empty()),
      config_(config),
      all_(ablations_of(spec, config)) {}

AblationKey AblationUnits::key(const Ablation& ablation) const {
  return {.component = std::string(to_string(ablation.component)),
          .layer = ablation.block,
          .head = ablation.head,
          .position = spec_.first_token == FirstToken::included ? "everywhere" : "but_first"};
}

AblationKey AblationUnits::key(std::size_t part) const { return key(Ablation{spec_.components[part], 0}); }

std::vector<const PreparedLanguage*> AblationUnits::sides() const {
  return align_ ? std::vector{&task_.pivot, &language_} : std::vector{&language_};
}

double AblationUnits::rows(std::size_t item) const {
  double rows = 0;
  for (const PreparedLanguage* side : sides())
    rows += item_job(*side, item, {.quantities = {}, .positions = {}, .statements = align_}).job.rows();
  return rows;
}

double AblationUnits::blocks_behind(const std::vector<std::size_t>& parts) const {
  double blocks = 0;
  for (const Ablation& ablation : all_)
    for (const std::size_t part : parts)
      if (spec_.components[part] == ablation.component) blocks += config_.block_count() - ablation.block;
  return blocks;
}

Demand AblationUnits::demand() const {
  Demand demand{
      .series = {task_.spec.name, task_.spec.stored_protocol(), language_.language, std::string(kAblating), ""},
      .parts = {},
      .members = {}};
  for (const Component component : spec_.components) {
    const AblationKey key = this->key(Ablation{component, 0});
    demand.parts.push_back(fmt::format("{} {} {}", key.component, key.operation, key.position));
  }
  for (const Item& item : language_.items) demand.members.push_back(item.id);
  std::vector<std::string> places(spec_.components.size());
  for (std::size_t part = 0; part < places.size(); ++part)
    for (const Ablation& ablation : all_)
      if (ablation.component == spec_.components[part])
        places[part] += fmt::format("{}.{} ", ablation.block, ablation.head);
  demand.key = [this, places](std::size_t part, std::size_t item) {
    Hasher hasher;
    hasher.add(places[part]).add(own_.asked[item]);
    if (align_) hasher.add(metrics_).add(own_.texts[item]).add(pivot_.asked[item]).add(pivot_.texts[item]);
    return hasher.hex();
  };
  demand.cost = [this](std::size_t item, const std::vector<std::size_t>& parts) {
    return rows(item) * (1 + blocks_behind(parts) / config_.block_count());
  };
  return demand;
}

void AblationUnits::run(const Engine& engine, const Work& work, const std::function<void(const Run&)>& ran,
                        const std::function<void(std::size_t)>& reached) const {
  std::vector<const Ablation*> ablations;
  std::vector<std::size_t> part;
  for (std::size_t p = 0; p < work.parts.size(); ++p)
    for (const Ablation& ablation : all_)
      if (ablation.component == spec_.components[work.parts[p]]) {
        ablations.push_back(&ablation);
        part.push_back(p);
      }
  const Wanted wanted{.quantities = {}, .positions = {}, .statements = align_};
  for (std::size_t item = work.first; item < work.first + work.count; ++item) {
    std::vector<ItemJob> made;  // [sides]
    std::size_t most = ablations.size();
    for (const PreparedLanguage* side : sides()) {
      made.push_back(item_job(*side, item, wanted));
      most = std::min(most, ablations_in_a_job(made.back().job, config_));
    }
    for (std::size_t first = 0; first < ablations.size(); first += most) {
      const std::size_t count = std::min(most, ablations.size() - first);
      std::vector<std::vector<ItemRun>> runs;  // [sides][count]
      for (std::size_t side = 0; side < made.size(); ++side) {
        Job job = made[side].job;
        const CleanPart clean(job);
        for (std::size_t a = first; a < first + count; ++a) add_ablated(job, clean, *ablations[a], spec_.first_token);
        JobResult result = engine.run(job);
        const Question& question = sides()[side]->questions[item];
        std::vector<ItemRun>& of_side = runs.emplace_back();
        for (std::size_t n = 1; n <= count; ++n)
          of_side.push_back(read_result(made[side], question, config_, take_part(result, clean, n)));
      }
      for (std::size_t a = 0; a < count; ++a)
        ran({item, part[first + a], *ablations[first + a], runs.back()[a], align_ ? &runs.front()[a] : nullptr});
    }
    reached(item - work.first + 1);
  }
}

}  // namespace tertium
