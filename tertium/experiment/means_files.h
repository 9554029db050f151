#pragma once

#include <filesystem>
#include <string>

#include "tertium/experiment/patch.h"

namespace tertium {

/// Where a run keeps what it may make again, in the folder of its results; gone when it has finished.
inline constexpr char kScratch[] = "scratch";

/// Sums that units of stage `means` made, a file each, named by the unit and checked by its hash.
class MeansFiles {
 public:
  /// `writer`: a name that nobody else has who writes to the folder.
  MeansFiles(std::filesystem::path folder, std::string writer) : folder_(std::move(folder)), writer_(std::move(writer)) {}

  bool has(const std::string& id) const;
  /// Throws Error if the disk does not take it.
  void write(const std::string& id, const MeansPair& means) const;
  /// Of one that was written, maybe on another host, so that it is waited for.
  MeansPair read(const std::string& id) const;

 private:
  std::filesystem::path file(const std::string& id) const { return folder_ / (id + ".means"); }
  /// What lies behind the hash; empty if the file is not there or not whole.
  std::string bytes(const std::string& id) const;

  std::filesystem::path folder_;
  std::string writer_;
};

}  // namespace tertium
