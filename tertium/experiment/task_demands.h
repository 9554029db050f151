#pragma once

#include <vector>

#include "tertium/experiment/item_keys.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/units.h"

namespace tertium {

struct Config;
struct Experiment;
struct Metric;
struct PreparedLanguage;
struct PreparedTask;
struct RepairSpec;
struct TaskSpec;

// What a task's scores and alignment take, as series of units. Whatever is given must outlive the demand.

std::vector<const Metric*> metrics_of(const Experiment& experiment);
/// The states that metrics compare.
Wanted states_wanted(const std::vector<const Metric*>& metrics);

Demand scoring_demand(const TaskSpec& task, const PreparedLanguage& language, const ItemKeys& keys);
/// With the lens as a part of its own. `pivot`: of the task; `tuned`: the hash of the tuned lens, or empty.
Demand scoring_and_lens_demand(const TaskSpec& task, const PreparedLanguage& language, const ItemKeys& keys,
                               const PreparedLanguage& pivot, const std::string& tuned);

/// The kinds of repair, each one unit of all items. `control`: the language that controls are fitted on; null without.
/// `more`: what else decides their numbers.
Demand repair_demand(const RepairSpec& spec, const TaskSpec& task, const PreparedLanguage& language,
                     const ItemKeys& pivot, const ItemKeys& own, const ItemKeys* control, const std::string& more,
                     const Config& config);

/// Of metrics of items, or of those of all items together. Alignment depends on no protocol.
Demand alignment_demand(const PreparedTask& task, const PreparedLanguage& language, const ItemKeys& pivot,
                        const ItemKeys& own, const std::vector<const Metric*>& metrics, bool of_corpus);

}  // namespace tertium
