#include "tertium/ops/cpu/attention.h"

#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "tertium/base/profile.h"
#include "tertium/ops/cpu/products.h"
#include "tertium/ops/cpu/rounded.h"

namespace tertium::cpu {
namespace {

using at::Tensor;
namespace blas = at::native::cpublas;

// Keys are padded to whole panels. Calls see two numbers of rows only, and few numbers of keys, since oneDNN compiles
// each combination anew.
constexpr std::int64_t kPanel = 64, kKeysAtOnce = 1024, kCallRows = 128, kFewRows = 32;

std::int64_t rounded_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }

/// Memory of one thread, kept from call to call. Not cleared.
template <class T>
class Scratch {
 public:
  T* of(std::int64_t count) {
    if (values_.size() < static_cast<std::size_t>(count)) values_.resize(count);
    return values_.data();
  }

 private:
  std::vector<T> values_;
};

/// A tensor over memory of our own: [rows, columns], rows `stride` apart.
Tensor matrix(const float* values, std::int64_t rows, std::int64_t columns, std::int64_t stride) {
  return at::from_blob(const_cast<float*>(values), {rows, columns}, {stride, 1}, at::kFloat);
}

/// a [rows, depth] times b [depth, columns] → c, or added to it. In half precision two neighbours of b's depth lie
/// together.
template <class T>
void multiply(std::int64_t rows, std::int64_t columns, std::int64_t depth, const T* a, std::int64_t stride_a,
              const T* b, std::int64_t stride_b, float* c, std::int64_t stride_c, bool add) {
  constexpr bool is_float = std::is_same_v<T, float>;
  if constexpr (is_float) {
    if (!packs(at::kFloat)) {
      Tensor result = matrix(c, rows, columns, stride_c);
      const Tensor factors = matrix(a, rows, depth, stride_a), others = matrix(b, depth, columns, stride_b);
      add ? at::addmm_out(result, result, factors, others) : at::mm_out(result, factors, others);
      return;
    }
  }
  blas::brgemm(rows, columns, depth, stride_a, stride_b, stride_c, add, a, b, c, /*is_vnni=*/!is_float);
}

/// Keys of a tile, in whole panels.
struct Range {
  std::int64_t begin, end;
};

/// The keys and values of one tile and one of its heads, in the order that products read, and these products. T is
/// float, or a half-precision type that the CPU multiplies.
template <class T>
class KeysAndValues {
 public:
  /// `k_of(i)` and `v_of(i)` point to the head [head_dim] of the i-th of `count` keys.
  template <class KeyOf, class ValueOf>
  KeysAndValues(std::int64_t head_dim, std::int64_t count, const KeyOf& k_of, const ValueOf& v_of)
      : head_dim_(head_dim) {
    thread_local Scratch<T> keys, values;
    const std::int64_t padded = rounded_up(count, kPanel);
    keys_ = keys.of(padded * head_dim);
    values_ = values.of(padded * head_dim);
    // Padding is multiplied, by zero or into scores that nobody reads: it must be finite.
    const std::vector<T> zeros(head_dim, T(0.0f));
    const auto pack = [&](const auto& head_of, const auto& put) {
      for (std::int64_t i = 0; i < padded; i += 2)
        put(i, i < count ? head_of(i) : zeros.data(), i + 1 < count ? head_of(i + 1) : zeros.data());
    };
    pack(k_of, [&](std::int64_t i, const T* a, const T* b) { put_keys(i, a, b); });
    pack(v_of, [&](std::int64_t i, const T* a, const T* b) { put_values(i, a, b); });
  }

  /// queries [rows, head_dim] times the keys of a range → these columns of scores [rows, stride].
  void scores(const T* queries, std::int64_t rows, Range keys, float* scores, std::int64_t stride) const {
    for (std::int64_t first = keys.begin; first < keys.end; first += kPanel)
      multiply(rows, kPanel, head_dim_, queries, head_dim_, keys_ + first * head_dim_, kPanel, scores + first, stride,
               /*add=*/false);
  }

  /// These columns of weights [rows, stride] times the values of a range → gathered [rows, head_dim].
  void gather(const T* weights, std::int64_t rows, Range keys, std::int64_t stride, float* gathered) const {
    for (std::int64_t first = keys.begin; first < keys.end; first += kKeysAtOnce)
      multiply(rows, head_dim_, std::min(kKeysAtOnce, keys.end - first), weights + first, stride,
               values_ + first * head_dim_, head_dim_, gathered, head_dim_, /*add=*/first > keys.begin);
  }

 private:
  /// Keys i and i + 1. In half precision two neighbours in a head stay together: [panel][head_dim / n][64][n].
  void put_keys(std::int64_t i, const T* a, const T* b) {
    constexpr std::int64_t n = std::is_same_v<T, float> ? 1 : 2;
    T* to = keys_ + i / kPanel * kPanel * head_dim_ + i % kPanel * n;
    for (std::int64_t first = 0; first < head_dim_; first += n, to += n * kPanel) {
      std::memcpy(to, a + first, n * sizeof(T));
      std::memcpy(to + n, b + first, n * sizeof(T));
    }
  }

  /// Values i and i + 1. Two neighbouring keys stay together: [keys / 2][head_dim][2].
  void put_values(std::int64_t i, const T* a, const T* b) {
    T* to = values_ + i * head_dim_;
    if constexpr (std::is_same_v<T, float>)
      std::copy_n(b, head_dim_, std::copy_n(a, head_dim_, to));
    else
      interleave_rows(reinterpret_cast<const std::uint16_t*>(a), reinterpret_cast<const std::uint16_t*>(b),
                      reinterpret_cast<std::uint16_t*>(to), head_dim_);
  }

  std::int64_t head_dim_;
  T *keys_, *values_;
};

/// One block's attention: T is what products compute in, and what qkv and the result hold.
template <class T>
class BlockAttention {
 public:
  BlockAttention(const Attention& attention, const Tensor& qkv)
      : attention_(attention),
        head_dim_(attention.head_dim),
        group_(attention.heads / attention.kv_heads),
        width_(qkv.size(1)),
        slopes_(attention.alibi ? alibi_slopes(attention.heads) : std::vector<float>()),
        qkv_(qkv),
        gathered_(at::empty({attention.live, attention.heads * head_dim_}, qkv.options())) {}

  Tensor run() {
    const auto tasks = static_cast<std::int64_t>(attention_.tiles.size()) * attention_.kv_heads;
    at::parallel_for(0, tasks, 1, [&](std::int64_t begin, std::int64_t end) {
      const c10::InferenceMode no_autograd;  // a thread's own setting
      for (std::int64_t task = begin; task < end; ++task)
        run_tile(task / attention_.kv_heads, task % attention_.kv_heads);
      blas::brgemm_release(/*is_vnni=*/!std::is_same_v<T, float>);
    });
    return gathered_;
  }

 private:
  const T* in() const { return static_cast<const T*>(qkv_.const_data_ptr()); }
  T* out() const { return static_cast<T*>(gathered_.data_ptr()); }

  /// The live queries of a tile, in the heads that share a key head.
  void run_tile(std::int64_t index, std::int64_t key_head) const {
    const Tile& tile = attention_.tiles[index];
    const std::int64_t queries = live_of(tile.queries, attention_.live), past = tile.past_rows,
                       keys = past + live_of(tile.keys, attention_.live);
    if (queries == 0) return;
    const std::int64_t head_dim = head_dim_, k_at = (attention_.heads + key_head) * head_dim,
                       v_at = k_at + attention_.kv_heads * head_dim;
    thread_local std::vector<const T*> past_of;
    past_of.clear();
    for (const auto& [kept, first, count] : attention_.pasts[index])
      for (std::int64_t row = first; row < first + count; ++row)
        past_of.push_back(static_cast<const T*>(kept->const_data_ptr()) + row * kept->size(1));
    const std::int64_t past_k_at = key_head * head_dim, past_v_at = past_k_at + attention_.kv_heads * head_dim;
    const auto row = [&](std::int64_t key, std::int64_t of_past, std::int64_t at) {
      return key < past ? past_of[key] + of_past : in() + tile.keys[key - past] * width_ + at;
    };
    const KeysAndValues<T> packed(
        head_dim, keys, [&](std::int64_t key) { return row(key, past_k_at, k_at); },
        [&](std::int64_t key) { return row(key, past_v_at, v_at); });
    const std::int64_t most = std::max<std::int64_t>(1, kCallRows / group_);
    for (std::int64_t first = 0; first < queries; first += most)
      run_queries(tile, key_head, packed, first, std::min(most, queries - first));
  }

  /// Some queries of a tile; a query's heads lie below each other, as rows of one product.
  void run_queries(const Tile& tile, std::int64_t key_head, const KeysAndValues<T>& packed, std::int64_t first,
                   std::int64_t count) const {
    thread_local Scratch<T> query_rows, weight_rows;
    thread_local Scratch<float> score_rows, gathered_rows;
    const std::int64_t head_dim = head_dim_, used = count * group_;
    const std::int64_t rows = used <= kFewRows ? kFewRows : rounded_up(used, kCallRows);
    const std::vector<Range> ranges = panels_seen(tile, first, count);
    // One stride for many numbers of keys; no power of two, whose rows would share the cache's few lines.
    const auto stride =
        static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(ranges.back().end))) + kPanel;

    T* queries = query_rows.of(rows * head_dim);
    const std::int64_t heads_width = group_ * head_dim, at = key_head * heads_width;
    for (std::int64_t q = 0; q < count; ++q)
      std::copy_n(in() + tile.queries[first + q] * width_ + at, heads_width, queries + q * heads_width);
    std::fill_n(queries + used * head_dim, (rows - used) * head_dim, T(0.0f));

    float* scores = score_rows.of(rows * stride);
    for (const Range& keys : ranges) packed.scores(queries, rows, keys, scores, stride);
    T* weights = weight_rows.of(rows * stride);
    std::vector<float> sums(used);
    const Range all{ranges.front().begin, ranges.back().end};
    for (std::int64_t row = 0; row < rows; ++row) {
      std::fill_n(weights + row * stride + all.begin, all.end - all.begin, T(0.0f));
      if (row < used)
        sums[row] = weigh(tile, first + row / group_, key_head * group_ + row % group_, scores + row * stride,
                          weights + row * stride);
    }

    float* gathered = gathered_rows.of(rows * head_dim);
    // As one, though nobody sees some: a sum does not hang on where in the tile its keys lie.
    packed.gather(weights, rows, all, stride, gathered);
    for (std::int64_t row = 0; row < used; ++row) {
      const std::int64_t head = key_head * group_ + row % group_;
      T* to = out() + tile.queries[first + row / group_] * attention_.heads * head_dim + head * head_dim;
      scale_row(gathered + row * head_dim, 1 / sums[row], head_dim);
      round_row(gathered + row * head_dim, to, head_dim);
    }
  }

  /// The panels that hold a key which some of `count` queries see, ascending; neighbours as one range.
  std::vector<Range> panels_seen(const Tile& tile, std::int64_t first, std::int64_t count) const {
    std::vector<char> seen((tile.past_rows + tile.keys.size() + kPanel - 1) / kPanel, 0);
    for (std::int64_t q = first; q < first + count; ++q)
      for_each_seen(attention_, tile, q, [&](const Stretch& stretch) {
        std::fill(seen.begin() + stretch.begin / kPanel, seen.begin() + (stretch.end - 1) / kPanel + 1, 1);
      });
    std::vector<Range> ranges;
    for (std::int64_t panel = 0; panel < static_cast<std::int64_t>(seen.size()); ++panel) {
      if (!seen[panel]) continue;
      const std::int64_t begin = panel * kPanel;
      if (ranges.empty() || ranges.back().end != begin) ranges.push_back({begin, begin});
      ranges.back().end += kPanel;
    }
    return ranges;
  }

  /// Scores of one query's head [keys] → the weights of a softmax at the keys that it sees, not yet divided by their
  /// sum, which is returned. NaN if a score is not finite: -infinity, as of a key that f16 does not hold, weighs
  /// nothing. What is seen is put side by side, so that the sum does not hang on where in the tile it lies.
  float weigh(const Tile& tile, std::int64_t query, std::int64_t head, float* scores, T* weights) const {
    const std::int64_t position = attention_.positions[tile.queries[query]];
    const bool bent = attention_.softcap != 0 || attention_.alibi;
    const float scale = bent ? 1 : static_cast<float>(attention_.scale);
    thread_local Scratch<float> scores_seen;
    float* const of_seen = scores_seen.of(tile.past_rows + static_cast<std::int64_t>(tile.keys.size()));
    std::int64_t count = 0;
    for_each_seen(attention_, tile, query, [&](const Stretch& seen) {
      if (bent) bend(scores + seen.begin, seen.end - seen.begin, position - seen.position, head);
      std::copy(scores + seen.begin, scores + seen.end, of_seen + count);
      count += seen.end - seen.begin;
    });
    const float sum = exponentials_row(of_seen, largest_of(of_seen, count), scale, count), *next = of_seen;
    for_each_seen(attention_, tile, query, [&](const Stretch& seen) {
      round_row(next, weights + seen.begin, seen.end - seen.begin);
      next += seen.end - seen.begin;
    });
    return sum;
  }

  /// What some models do to scores: a soft cap, and ALiBi. `distance`: of the first key from the query, in positions.
  void bend(float* scores, std::int64_t n, std::int64_t distance, std::int64_t head) const {
    const auto scale = static_cast<float>(attention_.scale), cap = static_cast<float>(attention_.softcap);
    for (std::int64_t i = 0; i < n; ++i) {
      scores[i] *= scale;
      // Infinity must not become the cap.
      if (cap != 0) scores[i] = std::isfinite(scores[i]) ? std::tanh(scores[i] / cap) * cap : NAN;
      if (attention_.alibi) scores[i] -= slopes_[head] * static_cast<float>(distance - i);
    }
  }

  const Attention& attention_;
  const std::int64_t head_dim_, group_, width_;
  const std::vector<float> slopes_;  // [heads], with ALiBi
  const Tensor qkv_;
  const Tensor gathered_;
};

}  // namespace

Tensor attend(const Attention& attention, const Tensor& qkv) {
  const Timed timed(Phase::attention);
  const at::ScalarType type = qkv.scalar_type();
  if (attention_type(attention.head_dim, type) == at::kFloat)
    return BlockAttention<float>(attention, qkv.to(at::kFloat).contiguous()).run().to(type);
  return type == at::kBFloat16 ? BlockAttention<at::BFloat16>(attention, qkv.contiguous()).run()
                               : BlockAttention<at::Half>(attention, qkv.contiguous()).run();
}

at::ScalarType attention_type(std::int64_t head_dim, at::ScalarType type) {
  return packs(type) && head_dim % 2 == 0 ? type : at::kFloat;
}

}  // namespace tertium::cpu
