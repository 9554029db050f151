#include "tertium/experiment/parity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "tertium/base/error.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/golden_file.h"
#include "tertium/experiment/parity_effects.h"
#include "tertium/experiment/states.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

// The span that patched.span replaces: rows 2..4 of sequence 0, taken from rows 3..5 of sequence 1.
constexpr int kSpanRow = 2, kSpanDonorRow = 3, kSpanRows = 3;

/// The largest difference in each row of `width` numbers. NaN counts as infinitely far.
std::vector<double> differences(const std::vector<float>& a, const std::vector<float>& b, std::int64_t width) {
  std::vector<double> largest(a.size() / static_cast<std::size_t>(width));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    double& of_row = largest[i / static_cast<std::size_t>(width)];
    of_row = std::max(of_row, std::isnan(difference) ? INFINITY : difference);
  }
  return largest;
}

/// One of the file's patched.*: rows [row, row + rows) of the recipient take, layer by layer, the donor's rows at
/// `kind`.
struct GoldenPatch {
  const char* name;
  SiteKind kind;
  std::vector<float> SequenceStates::*donor_record;
  int row, donor_row, rows;
};

Job patched_job(const GoldenPatch& patch, const std::vector<std::int32_t>& ids, const std::vector<float>& donor,
                int donor_rows, const Config& config) {
  Job job{.name = patch.name, .strands = {{.tokens = ids}}};
  const int branch_rows = static_cast<int>(ids.size()) - patch.row;
  for (int b = 0; b < config.block_count(); ++b) {
    const int strand = static_cast<int>(job.strands.size()), layer = canonical({patch.kind, b}).block;
    job.strands.push_back({.prefix = Prefix{0, patch.row}, .branch = Branch{0, patch.row, branch_rows, layer}});
    for (int r = 0; r < patch.rows; ++r) {
      const std::size_t at = (static_cast<std::size_t>(layer) * donor_rows + patch.donor_row + r) * config.hidden;
      job.interventions.push_back({strand, r, {patch.kind, b}, std::span(donor).subspan(at, config.hidden)});
    }
    job.readings.push_back({strand, branch_rows - 1, Readout::logits, {}});
  }
  return job;
}

/// What the two indices of a line's numbers are called; empty where there is but one of it.
struct Axes {
  const char* layer;
  const char* row;
};

Axes axes_of(const std::string& quantity) {
  if (quantity.starts_with("resid.")) return {"at stream index", "row"};
  if (quantity == "lens") return {"at stream index", ""};
  if (quantity == "forced.log_probs" || quantity == "generated.ids") return {"", ""};
  if (quantity.starts_with("final_norm.") || quantity.starts_with("logits.")) return {"", "row"};
  if (is_clean(quantity)) return {"in block", "row"};
  return {"in block", quantity.starts_with("ablated.z") ? "head" : ""};
}

/// How many numbers of its own each layer has, behind which come those of the next: rows, or heads.
std::size_t rows_of_layer(const std::string& quantity, const std::vector<std::int64_t>& shape) {
  const bool layered = *axes_of(quantity).layer != '\0';
  std::size_t rows = 1;
  for (std::size_t d = layered; d + 1 < shape.size(); ++d) rows *= static_cast<std::size_t>(shape[d]);
  return rows;
}

/// The order of quantities in the forward pass: within a layer, then over layers; changed runs behind clean ones.
struct Rank {
  bool changed;
  std::size_t layer;
  int within;
  auto operator<=>(const Rank&) const = default;
};

Rank rank_of(const std::string& quantity, std::size_t layer) {
  constexpr std::size_t kBehindAll = std::numeric_limits<std::size_t>::max();
  if (!is_clean(quantity)) return {true, layer, 0};
  if (quantity.starts_with("final_norm.")) return {false, kBehindAll, 0};
  if (quantity.starts_with("logits.")) return {false, kBehindAll, 1};
  return {false, layer, quantity.starts_with("resid.") ? 0 : quantity.starts_with("attn_out.") ? 1 : 2};
}

}  // namespace

bool is_clean(const std::string& quantity) {
  constexpr const char* kClean[] = {"resid.", "attn_out.", "mlp_out.", "final_norm.", "logits."};
  return std::ranges::any_of(kClean, [&](const char* prefix) { return quantity.starts_with(prefix); });
}

std::optional<Departure> first_departure(const std::vector<ParityLine>& lines, double tolerance) {
  std::optional<Departure> first;
  for (const ParityLine& line : lines) {
    const auto found = std::ranges::find_if(line.by_row, [&](double difference) { return difference > tolerance; });
    if (found == line.by_row.end()) continue;
    const auto at = static_cast<std::size_t>(found - line.by_row.begin());
    const Departure departure{line.quantity, at / line.rows, at % line.rows, *found};
    if (!first || rank_of(departure.quantity, departure.layer) < rank_of(first->quantity, first->layer))
      first = departure;
  }
  return first;
}

std::string to_string(const Departure& departure) {
  const auto& [quantity, layer, row, difference] = departure;
  const Axes axes = axes_of(quantity);
  const std::string at_layer = *axes.layer ? fmt::format(" {} {}", axes.layer, layer) : "",
                    at_row = *axes.row ? fmt::format(", {} {}", axes.row, row) : "";
  return fmt::format("{}{}{}, differs by {:.3g}", quantity, at_layer, at_row, difference);
}

Parity compare_with_golden(const Engine& engine, const std::filesystem::path& expect) {
  const GoldenFile golden(expect);
  const Config& config = engine.model().config();
  const std::int64_t blocks = config.block_count(), hidden = config.hidden, vocabulary = config.vocabulary;
  Parity parity;
  std::set<std::string> compared;
  const auto compare = [&](const std::string& name, const std::vector<float>& ours,
                           const std::vector<std::int64_t>& shape) {
    if (!golden.has(name)) return;
    std::vector<double> by_row = differences(ours, golden.floats(name, shape), shape.back());
    const double largest = *std::ranges::max_element(by_row);
    parity.lines.push_back({name, largest, rows_of_layer(name, shape), std::move(by_row)});
    compared.insert(name);
  };

  const auto finished = [&] {
    for (const std::string& name : golden.names())
      if (!compared.contains(name) && !name.starts_with("ids.") && !name.starts_with("text.") && !is_made_of(name))
        parity.not_compared.push_back(name);
    return parity;
  };

  std::vector<SequenceStates> clean;
  for (int n = 0; golden.has("ids." + std::to_string(n)); ++n) {
    const std::string suffix = "." + std::to_string(n), name = golden.path() + ": ids" + suffix;
    clean.push_back(states_of(engine, name, golden.ids("ids" + suffix, config.vocabulary), /*with_logits=*/true));
    const SequenceStates& states = clean.back();
    const auto rows = static_cast<std::int64_t>(states.ids.size());
    compare("resid" + suffix, states.resid, {blocks + 1, rows, hidden});
    compare("attn_out" + suffix, states.attn_out, {blocks, rows, hidden});
    compare("mlp_out" + suffix, states.mlp_out, {blocks, rows, hidden});
    compare("final_norm" + suffix, states.final_norm, {rows, hidden});
    compare("logits" + suffix, states.logits, {rows, vocabulary});
  }
  // Logits alone, of models with an adapter.
  for (int n = 0; golden.has("text." + std::to_string(n)); ++n) {
    const std::string name = "text." + std::to_string(n);
    if (!golden.has("logits." + name)) continue;
    const SequenceStates states = states_of(engine, golden.path() + ": " + name, golden.ids(name, config.vocabulary),
                                            /*with_logits=*/true);
    compare("logits." + name, states.logits, {static_cast<std::int64_t>(states.ids.size()), vocabulary});
  }
  if (clean.empty() && !parity.lines.empty()) return finished();
  if (clean.size() < 2) fail("{}: needs ids.0 and ids.1 at least", golden.path());

  const std::vector<std::int32_t>& ids = clean[0].ids;
  const int last = static_cast<int>(ids.size()) - 1, donor_rows = static_cast<int>(clean[1].ids.size());
  if (last < kSpanRow + kSpanRows || donor_rows < kSpanDonorRow + kSpanRows)
    fail("{}: ids.0 or ids.1 is too short to patch", golden.path());
  const GoldenPatch patches[] = {
      {"patched.last", SiteKind::resid_post, &SequenceStates::resid, last, donor_rows - 1, 1},
      {"patched.span", SiteKind::resid_post, &SequenceStates::resid, kSpanRow, kSpanDonorRow, kSpanRows},
      {"patched.attn_out", SiteKind::attn_out, &SequenceStates::attn_out, last, donor_rows - 1, 1},
      {"patched.mlp_out", SiteKind::mlp_out, &SequenceStates::mlp_out, last, donor_rows - 1, 1},
  };
  for (const GoldenPatch& patch : patches) {
    if (!golden.has(patch.name)) continue;
    const Job job = patched_job(patch, ids, clean[1].*patch.donor_record, donor_rows, config);
    compare(patch.name, joined(engine.run(job).readings), {blocks, vocabulary});
  }
  compare_effects(engine, golden, compare);
  if (parity.lines.empty()) fail("{}: holds nothing to compare with", golden.path());
  for (const std::string& name : golden.names())
    if (!compared.contains(name) && !name.starts_with("ids.") && !is_made_of(name)) parity.not_compared.push_back(name);
  return parity;
}

}  // namespace tertium
