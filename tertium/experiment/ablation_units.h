#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tertium/experiment/item_keys.h"
#include "tertium/experiment/language_means.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/units.h"
#include "tertium/patching/ablation.h"
#include "tertium/store/store.h"

namespace tertium {

class Hasher;
struct PreparedTask;  // experiment/run.h

/// What ablations ask about languages as wholes.
struct AblationSources {
  std::function<const ItemKeys&(const PreparedLanguage&)> keys;
  std::function<LanguageMeans&(const PreparedLanguage&)> means;  // made at the first call
};
/// The sites whose means ablations take.
std::vector<Site> averaged_sites(const AblateSpec& spec, const Config& config);

/// One language's ablations as units: a part is one component and what becomes of it, or one draw of its control.
/// Where alignment is measured again, the pivot's statements run under the same ablations beside the language's own.
/// All that is given must outlive it.
class AblationUnits {
 public:
  /// What is measured again beside the answers.
  struct Metrics {
    std::vector<std::string> of_items, of_corpus;
  };
  /// `items`: of the language, those that are asked.
  AblationUnits(const AblateSpec& spec, const PreparedTask& task, const PreparedLanguage& language,
                std::vector<std::size_t> items, AblationSources sources, Metrics metrics, const Config& config);

  Demand demand() const;

  /// One item under one ablation.
  struct Run {
    std::size_t item;  // of the language
    std::size_t part;  // index into Work::parts
    AblationKey key;
    int first_changed;  // stream index
    const ItemRun& own;
    const ItemRun* pivot;  // null unless aligned
  };
  /// Runs a work's items, one behind the other, each under all ablations of the work's parts; `reached` is told items.
  void run(const Engine& engine, const Work& work, const std::function<void(const Run&)>& ran,
           const std::function<void(std::size_t)>& reached) const;

  /// Metrics that compare all items with each other, by the premises under the same ablations: a part as above is one
  /// unit of all items, computed apart from the others.
  Demand corpus_demand() const;
  /// [items][width] of each side at some layers: stream indices from `first_changed` on, then behind the final norm.
  struct Premises {
    AblationKey key;
    int first_changed;
    std::vector<std::vector<float>> pivot, own;
  };
  /// Runs all premises under the ablations of a part, as many at once as memory has room for.
  void run_premises(const Engine& engine, std::size_t part, const std::function<void(const Premises&)>& ran,
                    const std::function<void(std::size_t items)>& reached) const;

  /// How rows of a part name it; block and head are open.
  AblationKey key(std::size_t part) const;
  std::size_t item(std::size_t member) const { return items_[member]; }

  const Metrics& metrics() const { return metrics_; }

 private:
  class Side;

  AblationKey key(const AblationPart& part, const Ablation& place) const;
  std::vector<const PreparedLanguage*> sides(bool both) const;
  bool align() const { return !metrics_.of_items.empty(); }
  std::vector<AblationPart> parts(const std::vector<std::size_t>& indices) const;
  const PreparedLanguage& named(const std::string& language) const;
  /// What all items of languages decide of a part's numbers.
  std::string decided_by_all(const AblationPart& part) const;
  /// As units name it.
  std::string name_of(const AblationPart& part) const;
  std::string decided(const AblationPart& part) const;
  /// Of the items that are resampled where this one is.
  void add_donors(const AblationPart& part, std::size_t item, Hasher& hasher) const;
  std::size_t drawn_donor(const PreparedLanguage& language, std::size_t item) const;
  double rows(std::size_t item) const;

  const AblateSpec& spec_;
  const PreparedTask& task_;
  const PreparedLanguage& language_;
  const std::vector<std::size_t> items_;
  const AblationSources sources_;
  const Metrics metrics_;
  const Config& config_;
  const std::vector<AblationPart> parts_;
  std::map<const PreparedLanguage*, std::vector<std::size_t>> donors_;  // of resample, by item
};

}  // namespace tertium
