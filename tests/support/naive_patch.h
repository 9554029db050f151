#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tertium/engine/strand.h"
#include "tertium/model/model.h"
#include "tertium/model/site.h"
#include "tertium/protocols/question.h"

namespace tertium::test {

// Interventions as they are defined: whole forward passes of plain tensor operations, an edit by hook in between. The
// slow path that the engine's strands must equal.

/// What stands at rows `rows` of a site in a clean run: [rows, width of the site].
std::vector<float> naive_rows(const Model& model, std::span<const std::int32_t> ids, Site site,
                              const std::vector<int>& rows);

/// Rows of a sequence whose activations at a site are changed, and how.
struct NaiveEdit {
  Site site;
  std::vector<int> rows;
  std::vector<float> values;  // replace: [rows, width of the site]; project: directions, any; else as Change::values
  Operation operation = Operation::replace;
  float dose = 1;
  bool renormed = false;
  bool skips = false;  // instead of all that, at resid_post: what entered the block
};

/// Logits at every row of a run with edits, [T, V]; clean without any. Throws std::logic_error if an edit did not fire.
std::vector<float> naive_logits(const Model& model, std::span<const std::int32_t> ids,
                                const std::vector<NaiveEdit>& edits = {});

/// A question's score of gold less that of the best other option, from whole runs of its context with each option.
double naive_margin(const Model& model, const Question& question, std::size_t gold,
                    const std::vector<NaiveEdit>& edits = {});

}  // namespace tertium::test
