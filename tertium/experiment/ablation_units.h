#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tertium/experiment/item_keys.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/units.h"
#include "tertium/patching/ablation.h"
#include "tertium/store/store.h"

namespace tertium {

struct PreparedTask;  // experiment/run.h

/// One language's ablations as units: a part is one component. Where alignment is measured again, the pivot's
/// statements run under the same ablations beside the language's own. All that is given must outlive it.
class AblationUnits {
 public:
  /// `metrics`: the names of those that are measured again; empty: none.
  AblationUnits(const AblateSpec& spec, const PreparedTask& task, const PreparedLanguage& language,
                const ItemKeys& pivot, const ItemKeys& own, const std::string& metrics, const Config& config);

  Demand demand() const;

  /// One item under one ablation.
  struct Run {
    std::size_t item;
    std::size_t part;  // index into Work::parts
    const Ablation& ablation;
    const ItemRun& own;
    const ItemRun* pivot;  // null unless aligned
  };
  /// Runs a work's items, one behind the other, each under all ablations of the work's parts; `reached` is told items.
  void run(const Engine& engine, const Work& work, const std::function<void(const Run&)>& ran,
           const std::function<void(std::size_t)>& reached) const;

  /// How rows name it; of a part, block and head are open.
  AblationKey key(const Ablation& ablation) const;
  AblationKey key(std::size_t part) const;

  bool aligned() const { return align_; }

 private:
  std::vector<const PreparedLanguage*> sides() const;
  double rows(std::size_t item) const;
  double blocks_behind(const std::vector<std::size_t>& parts) const;

  const AblateSpec& spec_;
  const PreparedTask& task_;
  const PreparedLanguage& language_;
  const ItemKeys &pivot_, &own_;
  const std::string metrics_;
  const bool align_;
  const Config& config_;
  const std::vector<Ablation> all_;
};

}  // namespace tertium
