#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tertium/model/site.h"

namespace tertium {

class Model;
struct Question;

/// Where a patch may go: all rows of a named position at one site; of one head, where the site has heads.
struct PatchPlace {
  Site site;
  std::string position;
  auto operator<=>(const PatchPlace&) const = default;
};

/// A position that two questions share: the i-th of the donor's rows goes into the i-th of the recipient's.
struct RowMatch {
  std::string position;
  std::vector<int> recipient, donor;  // rows of the contexts; as many
};

/// What patching the recipient with the donor would do to its margin, m = score(gold) - best other score.
struct Attribution {
  double margin = 0;                       // of the clean recipient
  std::map<PatchPlace, double> estimates;  // by how much m would change, to first order
};

/// Attribution patching (Nanda 2023; arXiv 2310.10348): the change of m is estimated for every place at once by
/// gradient of m x (donor's activations - recipient's), summed over the place's rows and dimensions, from two clean
/// forward passes and one backward pass. A question of protocol loglik takes a sequence an option. resid_pre stands for
/// the embeddings, at block 0 alone: behind that it is the resid_post of the block before. Throws Error if the model is
/// not in f32 (see PlainForward), or naming the recipient if a gradient is not finite.
Attribution attribute(const Model& model, const Question& recipient, std::size_t gold, const Question& donor,
                      std::span<const RowMatch> positions);

/// What stands in a site's place at all rows; empty: nothing, zeros.
using SiteMeans = std::function<std::span<const float>(Site)>;

/// A question, or the statements of an item, and what ablations put in.
struct AblatedText {
  const Question* text;
  SiteMeans means = {};
};

/// What taking out each attention, MLP or head at all rows would do.
struct AblationAttribution {
  double margin = 0, alignment = 0;                // clean; alignment: the mean over stream indices 0..L of dali_margin
  std::map<Site, double> of_margin, of_alignment;  // by how much each would change, to first order
};

/// Attribution of ablations: gradient x (what is put in - activations), summed over all rows and dimensions of all
/// runs. Alignment is that of the statements of both languages, both ablated; nothing without them (null texts). Throws
/// Error as attribute does.
AblationAttribution attribute_ablations(const Model& model, const AblatedText& asked, std::size_t gold,
                                        const AblatedText& pivot_statements, const AblatedText& statements);

}  // namespace tertium
