#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tertium/store/store.h"

namespace tertium {

struct Config;

// A unit of work is computed alone and committed alone. Its id is a hash of what decides its numbers, and nothing else,
// so that whoever finds it in `units` need not compute it: a run that goes on, or one of several workers.

/// Counts up whenever the same inputs would give other numbers than before.
inline constexpr char kNumbers[] = "1";

// Stages of units, beside those of stages.h.
inline constexpr char kMeans[] = "means", kPatched[] = "patching", kRepairing[] = "repair";
// A part of scoring.
inline constexpr char kLens[] = "lens";
// Their states.
inline constexpr char kUnitDone[] = "done", kUnitFailed[] = "failed", kUnitOpen[] = "open";  // left to another worker

/// What units have in common that differ in their items only, and in their parts.
struct UnitSeries {
  std::string task, protocol, language, stage, direction;
};

/// What a series computes: for each of some members, usually items, several parts, such as metrics or controls.
struct Demand {
  UnitSeries series;
  std::vector<std::string> parts;
  std::vector<std::string> members;  // ids, each once
  /// What decides a member's numbers in a part.
  std::function<std::string(std::size_t part, std::size_t member)> key;
  /// How many rows it takes to compute some parts of a member together.
  std::function<double(std::size_t member, const std::vector<std::size_t>& parts)> cost;
  bool together = false;  // all members are one unit
  bool apart = false;     // no two parts are computed together
  /// Whether a unit that is done need not be made again; absent: none need.
  std::function<bool(const std::string& id)> is_kept = {};
};

/// Units that are computed together: the same members, several parts.
struct Work {
  std::size_t first = 0, count = 0;  // members
  std::vector<std::size_t> parts;
  std::vector<std::string> ids;  // of the units, one a part
  std::string name;              // by which workers know it

  /// One by one.
  std::vector<std::size_t> members() const;
};

struct WorkPlan {
  std::vector<Work> works;  // in the order of their first members; where parts are apart, part by part
  std::vector<std::pair<std::size_t, std::string>> finished;  // first member and id of the units that are done
  std::size_t done = 0, to_do = 0;                            // units
  std::vector<UnitRow> outdated;  // done once, but of these members' numbers something else decides now
};

/// Units that are done, and all that are known of: those of patches depend on answers.
struct UnitCount {
  std::size_t done = 0, all = 0;
  std::vector<std::string> open = {};  // "xcopa loglik it": languages whose patches are not known yet

  void add(const WorkPlan& plan);
};

/// Knows what is done.
class UnitPlanner {
 public:
  /// `fingerprint`: of the model and whatever else decides all numbers. A work takes members until they have
  /// `most_rows` rows, at least one.
  UnitPlanner(std::string fingerprint, double most_rows, const std::vector<UnitRow>& stored);

  /// What of it is to be done. Members that are done lie between works, so that more members leave earlier units as
  /// they are; cuts depend on costs alone, and so a run that goes on makes the units that it would have made.
  WorkPlan plan(const Demand& demand) const;
  bool knows_any() const { return !stored_.empty(); }
  /// A work's members one by one.
  std::vector<Work> singly(const Demand& demand, const Work& work) const;

 private:
  using Place = std::tuple<std::string, std::string, std::string, std::string, std::string, std::string>;

  static Place place_of(const UnitSeries& series, const std::string& part);
  std::string id(const Demand& demand, std::size_t part, std::size_t first, std::size_t count) const;

  std::string fingerprint_;
  double most_rows_;
  std::map<Place, std::vector<UnitRow>> stored_;  // what is done
};

/// What the products of one row with weights take, in multiplications and additions. The MLP counts as gated.
struct RowOperations {
  double block = 0;  // one block
  double head = 0;   // all words of the vocabulary, which a log-probability reads
};
RowOperations row_operations(const Config& config);

/// As many rows as keep a work at some seconds, whatever the machine: by the model's size.
double rows_of_work(const Config& config);

}  // namespace tertium
