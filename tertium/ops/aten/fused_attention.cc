#include "tertium/ops/aten/fused_attention.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include "tertium/ops/aten/attention_levels.h"

namespace tertium::aten {
namespace {

using at::Tensor;

/// What sequences gather: out [Q, heads, head_dim], and log(sum(exp(score))) of each row and head, [Q, heads] in f32.
struct Gathered {
  Tensor out, weight;
};

/// Rows of several sequences, q [Q, heads, head_dim], k and v [K, kv_heads, head_dim].
struct Inputs {
  Tensor q, k, v;
  const LevelTensors& level;
  bool causal;
  double scale;
};

/// Sequence by sequence, in f32.
Gathered plain(const Inputs& in) {
  const std::int64_t group = in.q.size(1) / in.k.size(1);
  const auto heads_first = [&](const Tensor& x, std::int64_t first, std::int64_t count, std::int64_t times) {
    return x.narrow(0, first, count).to(at::kFloat).transpose(0, 1).repeat_interleave(times, 0);
  };
  std::vector<Tensor> outs, weights;
  for (std::size_t s = 0; s + 1 < in.level.query_ends.size(); ++s) {
    const std::int64_t first_query = in.level.query_ends[s], queries = in.level.query_ends[s + 1] - first_query,
                       first_key = in.level.key_ends[s], keys = in.level.key_ends[s + 1] - first_key;
    const Tensor q = heads_first(in.q, first_query, queries, 1), k = heads_first(in.k, first_key, keys, group),
                 v = heads_first(in.v, first_key, keys, group);
    Tensor scores = at::matmul(q, k.transpose(1, 2)) * in.scale;  // [heads, queries, keys]
    if (in.causal) {
      const Tensor hidden = at::ones({queries, keys}, scores.options().dtype(at::kBool)).triu(1);
      scores = scores.masked_fill(hidden, -INFINITY);
    }
    const Tensor weight = scores.logsumexp(2);
    outs.push_back(at::matmul((scores - weight.unsqueeze(2)).exp(), v).transpose(0, 1));
    weights.push_back(weight.t());
  }
  return {at::cat(outs), at::cat(weights)};
}

/// The GPU's kernel, all sequences at once.
Gathered flash(const Inputs& in) {
  const auto result =
      at::_flash_attention_forward(in.q, in.k, in.v, in.level.device_query_ends, in.level.device_key_ends,
                                   in.level.most_queries, in.level.most_keys, /*dropout_p=*/0, in.causal,
                                   /*return_debug_mask=*/false, in.scale);
  return {std::get<0>(result), std::get<1>(result).t()};
}

LevelTensors tensors_of(const RaggedSequences& sequences, const at::Device device) {
  const auto ends = [&](const std::vector<std::int32_t>& all) { return at::tensor(all, at::kInt).to(device); };
  const auto longest = [](const std::vector<std::int32_t>& all) {
    std::int64_t most = 0;
    for (std::size_t s = 1; s < all.size(); ++s) most = std::max<std::int64_t>(most, all[s] - all[s - 1]);
    return most;
  };
  return {at::tensor(sequences.queries).to(device),
          at::tensor(sequences.keys).to(device),
          sequences.query_ends,
          sequences.key_ends,
          ends(sequences.query_ends),
          ends(sequences.key_ends),
          longest(sequences.query_ends),
          longest(sequences.key_ends)};
}

/// Two sequences of random rows: whether both ways agree, but for rounding.
bool flash_works(at::Device device, at::ScalarType type, std::int64_t group, std::int64_t head_dim) {
  constexpr double kRounding = 0.02;  // of numbers of order 1, in bf16
  try {
    const LevelTensors square = tensors_of(
                           {.queries = {}, .keys = {}, .query_ends = {0, 5, 72}, .key_ends = {0, 5, 72}}, device),
                       other = tensors_of(
                           {.queries = {}, .keys = {}, .query_ends = {0, 5, 72}, .key_ends = {0, 130, 133}}, device);
    const auto random = [&](std::int64_t rows, std::int64_t heads) {
      return at::randn({rows, heads, head_dim}).to(type).to(device);
    };
    const auto agree = [&](const LevelTensors& level, bool causal) {
      const Inputs in{random(level.query_ends.back(), 2 * group),
                      random(level.key_ends.back(), 2),
                      random(level.key_ends.back(), 2),
                      level,
                      causal,
                      1 / std::sqrt(static_cast<double>(head_dim))};
      const Gathered ours = plain(in), theirs = flash(in);
      return theirs.weight.sizes() == ours.weight.sizes() &&
             at::allclose(theirs.out.to(at::kFloat), ours.out, kRounding, kRounding) &&
             at::allclose(theirs.weight, ours.weight, kRounding, kRounding);
    };
    return agree(square, /*causal=*/true) && agree(other, /*causal=*/false);
  } catch (const c10::Error&) {  // not for this GPU, or not for heads of this size
    return false;
  }
}

}  // namespace

bool may_fuse(const Attention& attention, const Tensor& qkv) {
  const at::ScalarType type = qkv.scalar_type();
  if (type == at::kFloat || attention.softcap != 0 || attention.alibi || windows_cut(attention)) return false;
  if (qkv.device().is_cpu()) return true;
  static std::mutex mutex;
  static std::map<std::tuple<int, at::ScalarType, std::int64_t, std::int64_t>, bool> known;
  const std::int64_t group = attention.heads / attention.kv_heads;
  const std::lock_guard lock(mutex);
  const auto [found, is_new] = known.try_emplace({qkv.device().index(), type, group, attention.head_dim});
  if (is_new) found->second = flash_works(qkv.device(), type, group, attention.head_dim);
  return found->second;
}

Tensor fused_attend(const Ops& ops, const Attention& attention, const Tensor& qkv) {
  std::vector<LevelTensors>& levels = attention.tensors->levels[attention.live];
  if (levels.empty()) {
    const Levels made = levels_of(attention);
    levels.push_back(tensors_of(made.own, ops.device()));
    for (const RaggedSequences& before : made.before) levels.push_back(tensors_of(before, ops.device()));
  }
  const std::int64_t heads = attention.heads, kv_heads = attention.kv_heads, head_dim = attention.head_dim,
                     k_width = kv_heads * head_dim;
  std::vector<Tensor> sources = {qkv.narrow(1, heads * head_dim, 2 * k_width)};
  for (const PastRows& past : attention.pasts)
    for (const auto& [kept, first, count] : past) sources.push_back(kept->narrow(0, first, count));
  const Tensor both = sources.size() == 1 ? sources.front() : at::cat(sources);
  Gathered all;
  for (const LevelTensors& level : levels) {
    const Tensor rows = both.index_select(0, level.keys);
    const auto part = [&](std::int64_t first) { return rows.narrow(1, first, k_width).view({-1, kv_heads, head_dim}); };
    const bool own = &level == &levels.front();
    const Inputs in{qkv.index_select(0, level.queries).narrow(1, 0, heads * head_dim).view({-1, heads, head_dim}),
                    part(0),
                    part(k_width),
                    level,
                    /*causal=*/own,
                    attention.scale};
    const auto [out, weight] = qkv.device().is_cpu() ? plain(in) : flash(in);
    if (own) {
      all = {at::empty({attention.live, heads, head_dim}, out.options().dtype(at::kFloat)),
             at::empty({attention.live, heads}, weight.options())};
      all.out.index_copy_(0, level.queries, out.to(at::kFloat));
      all.weight.index_copy_(0, level.queries, weight);
      continue;
    }
    const Tensor before = all.weight.index_select(0, level.queries), sum = at::logaddexp(before, weight);
    const Tensor joined = all.out.index_select(0, level.queries) * (before - sum).exp().unsqueeze(2) +
                          out.to(at::kFloat) * (weight - sum).exp().unsqueeze(2);
    all.out.index_copy_(0, level.queries, joined);
    all.weight.index_copy_(0, level.queries, sum);
  }
  return all.out.to(qkv.scalar_type()).view({attention.live, heads * head_dim});
}

}  // namespace tertium::aten
