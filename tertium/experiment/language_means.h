#pragma once

#include <map>
#include <optional>
#include <vector>

#include "tertium/patching/means.h"

namespace tertium {

class Engine;
struct PreparedLanguage;  // experiment/run.h

/// What stands at some sites, as a mean over a language's items; of each item it is the mean over all rows of its
/// context but the first, which is no word. All must outlive it.
class LanguageMeans {
 public:
  /// Runs all contexts.
  LanguageMeans(const Engine& engine, const PreparedLanguage& language, std::vector<Site> sites);

  /// Over all items but this one, which runs again. Throws Error naming it if there is no other.
  const std::map<Site, std::vector<float>>& without(std::size_t item);

 private:
  struct Clean {
    Activations activations;
    NamedRows rows;
  };
  Clean clean(std::size_t item, std::vector<std::vector<float>> recorded) const;
  Kept kept(std::size_t item) const;

  const Engine& engine_;
  const PreparedLanguage& language_;
  std::vector<Place> places_;
  std::vector<Quantity> quantities_;
  Means sums_;
  std::optional<std::size_t> item_;  // whose means_ are
  std::map<Site, std::vector<float>> means_;
};

}  // namespace tertium
