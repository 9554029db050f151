#include "tertium/engine/intervene.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "tertium/base/error.h"

namespace tertium {

void everywhere(Job& job, int strand, Site site, const Change& change, FirstToken first) {
  const int row = first == FirstToken::left_out && start_position(job, strand) == 0 ? 1 : 0;
  if (const int rows = job.strands[strand].rows() - row; rows > 0)
    job.interventions.push_back({strand, row, site, change, rows});
}

void skip_block(Job& job, int strand, int block, FirstToken first) {
  for (const SiteKind kind : {SiteKind::attn_out, SiteKind::mlp_out})
    everywhere(job, strand, {kind, block}, {.values = {}, .operation = Operation::zero}, first);
}

std::vector<float> orthonormal(std::span<const float> directions, std::size_t width, const std::string& name) {
  const c10::InferenceMode no_autograd;
  if (width == 0 || directions.empty() || directions.size() % width != 0)
    throw std::logic_error("directions of another width");
  at::Tensor rows =
      at::empty({static_cast<std::int64_t>(directions.size() / width), static_cast<std::int64_t>(width)}, at::kDouble);
  std::copy(directions.begin(), directions.end(), rows.data_ptr<double>());
  const at::Tensor norms = rows.square().sum(1, /*keepdim=*/true).sqrt();
  for (std::int64_t i = 0; i < norms.size(0); ++i)
    if (const double norm = norms[i].item<double>(); !std::isfinite(norm) || norm == 0)
      fail("{}: direction {} is {}; leave it out", name, i, norm == 0 ? "zero" : "NaN or infinite");
  rows = rows / norms;  // of which none is to count for less
  // Directions that are nearly sums of others leave singular values near 0.
  constexpr double kRank = 1e-6;
  const auto [u, values, basis] = at::linalg_svd(rows, /*full_matrices=*/false);
  const std::int64_t rank = (values > kRank * values[0]).sum().item<std::int64_t>();
  const at::Tensor kept = basis.narrow(0, 0, rank).to(at::kFloat).contiguous();
  return {kept.const_data_ptr<float>(), kept.const_data_ptr<float>() + kept.numel()};
}

}  // namespace tertium
