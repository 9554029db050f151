#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tertium/analysis/observations.h"

namespace tertium {

/// The transfer successes and failures of a language: what items are set against each other.
struct TransferGroups {
  std::vector<const PairedAnswer*> ts, tf;
};
TransferGroups transfer_groups(const LanguageObservations& language);

/// The values of a metric at one layer that some answers have, and the unit of each.
struct Sample {
  std::vector<double> values;
  std::vector<std::string> units;

  bool is_clustered() const { return std::set<std::string>(units.begin(), units.end()).size() < units.size(); }
};
Sample sample(const std::vector<const PairedAnswer*>& answers, const std::map<std::string, double>& values);

/// Units as numbers from 0 on, in the order in which they first come.
std::vector<std::size_t> numbered(const std::vector<std::string>& units);

/// The metrics that a task's language has, in the order stored.
std::vector<std::string> metrics_of(const Observations& observations, const std::string& task,
                                    const std::string& language);

/// A metric's layers as the study counts them: the residual stream's, but for the last where it is known to be the
/// output of the last block (its files stop before it).
std::vector<const AlignmentObservations*> study_layers(const Observations& observations, const std::string& task,
                                                       const std::string& language, const std::string& metric);

/// The residual stream's layers, all of them.
std::vector<const AlignmentObservations*> stream_layers(const Observations& observations, const std::string& task,
                                                        const std::string& language, const std::string& metric);

/// Of no values: NaN.
double mean(const std::vector<double>& values);
double mean(const AlignmentObservations& at);
/// Takes one more value into the mean of `before` others.
void add_to_mean(double& mean, double value, std::size_t before);

/// Metrics with a value that is neither 0 nor 1, at whatever layer: numbers, and no indicators.
std::set<std::string> real_metrics(const Observations& observations);

}  // namespace tertium
