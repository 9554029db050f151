#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tertium/experiment/item_keys.h"
#include "tertium/experiment/patch.h"
#include "tertium/experiment/units.h"

namespace tertium {

struct TaskSpec;

/// One direction's patches of a language as units: a part is one control's draw at one site and position, so that a
/// control, a draw, a site or a position more leaves the others as they are.
class LineupUnits {
 public:
  /// All must outlive it.
  LineupUnits(const PatchMenu& menu, const TaskSpec& task, const LanguagePair& pair, const ItemKeys& pivot,
              const ItemKeys& other, const Lineup& lineup, int blocks);

  Demand patches() const;
  /// The sums over lineup.averaged that some controls need.
  Demand means() const;
  /// Whether some parts take means.
  bool take_means(const std::vector<std::size_t>& parts) const;

  /// The patched runs of a work, recipient by recipient, and which of its parts each belongs to.
  struct Runs {
    std::vector<PatchedRun> runs;
    std::vector<std::size_t> part;  // [runs] index into Work::parts
  };
  Runs runs_of(const Work& work) const;
  /// What a work replaces, one a part.
  std::vector<PatchSlice> slices_of(const Work& work) const;

  /// The bytes of clean activations that a work holds.
  std::size_t kept_bytes(const Work& work, const Config& config) const;

 private:
  struct Part {
    std::size_t control;  // index into menu.controls
    int draw;
    SiteKind site;
    std::size_t position;
    std::string name;
    std::string places;  // all of its places, which decide its numbers
    auto key() const { return std::tuple(control, draw, site, position); }
  };

  std::size_t part_of(const PatchedRun& run) const;
  std::string key(std::size_t part, std::size_t recipient) const;
  double cost(std::size_t recipient, const std::vector<std::size_t>& parts) const;
  const ItemKeys& keys(Side side) const { return side == Side::pivot ? pivot_ : other_; }
  UnitSeries series(const char* stage) const;

  const PatchMenu& menu_;
  const TaskSpec& task_;
  const LanguagePair& pair_;
  const ItemKeys &pivot_, &other_;
  const Lineup& lineup_;
  const int blocks_;
  std::vector<Part> parts_;
  std::map<std::tuple<std::size_t, int, SiteKind, std::size_t>, std::size_t> index_;
  std::string averaged_;  // a hash of what is averaged, where a control takes means
};

}  // namespace tertium
