#include "tertium/experiment/parity.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tertium/base/error.h"
#include "tertium/engine/engine.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"

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
    for (const std::int64_t id : wide)
      if (id < 0 || id >= vocabulary) fail("{}: tensor \"{}\": the id {} is not in the vocabulary", path_, name, id);
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

/// NaN counts as infinitely far.
double largest_difference(const float* a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    largest = std::max(largest, std::isnan(difference) ? INFINITY : difference);
  }
  return largest;
}

/// The order in which clean_job records.
enum Recorded { resid, attn_out, mlp_out, final_norm };

Job clean_job(const std::vector<std::int32_t>& ids) {
  Job job{.name = "golden sequence", .strands = {{.tokens = ids}}};
  const int rows = static_cast<int>(ids.size());
  for (const Quantity quantity : {Quantity::resid, Quantity::attn_out, Quantity::mlp_out, Quantity::final_norm})
    job.recordings.push_back({0, 0, rows, quantity});
  for (int row = 0; row < rows; ++row) job.readings.push_back({0, row, Readout::logits, {}});
  return job;
}

/// One of the file's patched.*: rows [row, row + rows) of the recipient take, layer by layer, the donor's rows at
/// `kind`.
struct GoldenPatch {
  const char* name;
  SiteKind kind;
  Recorded donor_record;
  int row, donor_row, rows;
};

Job patched_job(const GoldenPatch& patch, const std::vector<std::int32_t>& ids, const std::vector<float>& donor,
                int donor_rows, const Config& config) {
  Job job{.name = patch.name, .strands = {{.tokens = ids}}};
  const int branch_rows = static_cast<int>(ids.size()) - patch.row;
  const int after = patch.kind == SiteKind::resid_post;  // resid_post of a block is what enters the next
  for (int b = 0; b < config.block_count(); ++b) {
    const int strand = static_cast<int>(job.strands.size());
    job.strands.push_back({.prefix = Prefix{0, patch.row}, .branch = Branch{0, patch.row, branch_rows, b + after}});
    for (int r = 0; r < patch.rows; ++r) {
      const std::size_t at = (static_cast<std::size_t>(b + after) * donor_rows + patch.donor_row + r) * config.hidden;
      job.edits.push_back({strand, r, {patch.kind, b}, std::span(donor).subspan(at, config.hidden)});
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

}  // namespace

std::vector<ParityLine> compare_with_golden(const Engine& engine, const std::filesystem::path& expect) {
  const Golden golden(expect);
  const Config& config = engine.model().config();
  const std::int64_t blocks = config.block_count(), hidden = config.hidden, vocabulary = config.vocabulary;
  std::vector<ParityLine> lines;
  const auto compare = [&](const std::string& name, const std::vector<float>& ours,
                           const std::vector<std::int64_t>& shape) {
    if (golden.has(name)) lines.push_back({name, largest_difference(ours.data(), golden.floats(name, shape))});
  };

  std::vector<std::vector<std::int32_t>> ids;
  std::vector<JobResult> clean;
  for (int n = 0; golden.has("ids." + std::to_string(n)); ++n) {
    const std::string suffix = "." + std::to_string(n);
    ids.push_back(golden.ids("ids" + suffix, config.vocabulary));
    clean.push_back(engine.run(clean_job(ids.back())));
    const auto rows = static_cast<std::int64_t>(ids.back().size());
    const std::vector<std::vector<float>>& recorded = clean.back().recordings;
    compare("resid" + suffix, recorded[resid], {blocks + 1, rows, hidden});
    compare("attn_out" + suffix, recorded[attn_out], {blocks, rows, hidden});
    compare("mlp_out" + suffix, recorded[mlp_out], {blocks, rows, hidden});
    compare("final_norm" + suffix, recorded[final_norm], {rows, hidden});
    compare("logits" + suffix, joined(clean.back().readings), {rows, vocabulary});
  }
  if (ids.size() < 2) fail("{}: needs ids.0 and ids.1 at least", golden.path());

  const int last = static_cast<int>(ids[0].size()) - 1, donor_rows = static_cast<int>(ids[1].size());
  if (last < kSpanRow + kSpanRows || donor_rows < kSpanDonorRow + kSpanRows)
    fail("{}: ids.0 or ids.1 is too short to patch", golden.path());
  for (const GoldenPatch& patch :
       {GoldenPatch{"patched.last", SiteKind::resid_post, resid, last, donor_rows - 1, 1},
        GoldenPatch{"patched.span", SiteKind::resid_post, resid, kSpanRow, kSpanDonorRow, kSpanRows},
        GoldenPatch{"patched.attn_out", SiteKind::attn_out, attn_out, last, donor_rows - 1, 1},
        GoldenPatch{"patched.mlp_out", SiteKind::mlp_out, mlp_out, last, donor_rows - 1, 1}}) {
    if (!golden.has(patch.name)) continue;
    const Job job = patched_job(patch, ids[0], clean[1].recordings[patch.donor_record], donor_rows, config);
    compare(patch.name, joined(engine.run(job).readings), {blocks, vocabulary});
  }
  if (lines.empty()) fail("{}: holds nothing to compare with", golden.path());
  return lines;
}

}  // namespace tertium
