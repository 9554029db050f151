#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tertium/model/site.h"

namespace tertium {

/// What is patched: the [patch] table of an experiment (docs/experiment.md).
struct PatchSpec {
  bool all_items = false;        // else each direction's own pool
  std::optional<int> max_items;  // per language and direction: the first in item order
  std::vector<std::string> directions = {"fix"};
  std::vector<SiteName> sites = {{SiteKind::resid_post, {}}};
  std::vector<std::string> positions = {"last"};
  std::optional<std::vector<int>> blocks;                     // else all, or the one that a site's name says
  std::optional<std::vector<int>> heads;                      // of sites that have heads; else all
  int window = 1;                                             // consecutive blocks patched together
  std::vector<std::string> controls = {"self", "same_gold", "mean_shift", "norm_noise"};  // besides main
  std::vector<double> doses = {0.25, 0.5, 0.75};              // of control dose
  int draws = 1;
  std::uint64_t seed = 42;
  // Of translations alone:
  bool other_target = false;              // beside main, the same sentence's run into another target
  std::optional<std::vector<int>> texts;  // blocks at which patched prompts are gone on with; absent: at none
  bool skip_missing = false;  // items that lack a position are left out and counted; else they are errors
};

}  // namespace tertium
