#include "tertium/experiment/parity.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/states.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"
#include "tertium/model/sizes.h"

namespace tertium {
namespace {

// The span that patched.span replaces: rows 2..4 of sequence 0, taken from rows 3..5 of sequence 1.
constexpr int kSpanRow = 2, kSpanDonorRow = 3, kSpanRows = 3;

class Golden {
 public:
  explicit Golden(const std::filesystem::path& path) : path_(path.string()), file_(path) {}

  bool has(const std::string& name) const { return file_.find(name) != nullptr; }

  std::vector<float> floats(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const TensorView& tensor = at(name);
    if (tensor.shape != shape) fail("{}: tensor \"{}\" is not [{}]", path_, name, fmt::join(shape, ", "));
    std::vector<float> values(tensor.count());
    to_f32(tensor, values);
    return values;
  }

  std::vector<std::int32_t> ids(const std::string& name, int vocabulary) const {
    const TensorView& tensor = at(name);
    if (tensor.dtype != DType::I64 || tensor.shape.size() != 1 || tensor.count() == 0)
      fail("{}: tensor \"{}\" is no list of I64 ids", path_, name);
    std::vector<std::int64_t> wide(tensor.count());
    std::memcpy(wide.data(), tensor.bytes.data(), tensor.bytes.size());
    for (const std::int64_t id : wide) demand_embedded(id, vocabulary, fmt::format("{}: tensor \"{}\"", path_, name));
    return {wide.begin(), wide.end()};
  }

  const std::string& path() const { return path_; }

 private:
  const TensorView& at(const std::string& name) const {
    const TensorView* found = file_.find(name);
    if (!found) fail("{}: no tensor \"{}\"", path_, name);
    return *found;
  }

  std::string path_;
  Safetensors file_;
};

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

std::vector<float> joined(const std::vector<std::vector<float>>& parts) {
  std::vector<float> all;
  for (const std::vector<float>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// The order of quantities in the forward pass: within a layer, then over layers.
struct Rank {
  bool patched;
  std::size_t layer;
  int within;
  auto operator<=>(const Rank&) const = default;
};

Rank rank_of(const std::string& quantity, std::size_t layer) {
  constexpr std::size_t kBehindAll = std::numeric_limits<std::size_t>::max();
  if (quantity.starts_with("patched.")) return {true, layer, 0};
  if (quantity.starts_with("final_norm.")) return {false, kBehindAll, 0};
  if (quantity.starts_with("logits.")) return {false, kBehindAll, 1};
  return {false, layer, quantity.starts_with("resid.") ? 0 : quantity.starts_with("attn_out.") ? 1 : 2};
}

}  // namespace

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
  const bool patched = quantity.starts_with("patched."), resid = quantity.starts_with("resid."),
             whole = quantity.starts_with("final_norm.") || quantity.starts_with("logits.");
  const std::string where = whole ? "" : fmt::format(" {} {}", resid ? "at stream index" : "in block", layer);
  return fmt::format("{}{}{}, differs by {:.3g}", quantity, where, patched ? "" : fmt::format(", row {}", row),
                     difference);
}

std::vector<ParityLine> compare_with_golden(const Engine& engine, const std::filesystem::path& expect) {
  const Golden golden(expect);
  const Config& config = engine.model().config();
  const std::int64_t blocks = config.block_count(), hidden = config.hidden, vocabulary = config.vocabulary;
  std::vector<ParityLine> lines;
  const auto compare = [&](const std::string& name, const std::vector<float>& ours,
                           const std::vector<std::int64_t>& shape) {
    if (!golden.has(name)) return;
    std::vector<double> by_row = differences(ours, golden.floats(name, shape), shape.back());
    const double largest = *std::ranges::max_element(by_row);
    const auto rows = static_cast<std::size_t>(name.starts_with("patched.") ? 1 : shape[shape.size() - 2]);
    lines.push_back({name, largest, rows, std::move(by_row)});
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
  if (clean.empty() && !lines.empty()) return lines;
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
  if (lines.empty()) fail("{}: holds nothing to compare with", golden.path());
  return lines;
}

}  // namespace tertium
