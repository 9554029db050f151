#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tertium/engine/strand.h"
#include "tertium/ops/attention.h"

namespace tertium {

class Model;
struct Config;
struct Layout;

/// Keys and values of some rows of one pass, by block: [rows that are live there, 2 * kv_heads * head_dim], rows
/// [k | v], keys rotated, in the type that attention computes in.
using KeptRows = std::vector<at::Tensor>;

/// What rows of a later run see of an earlier one: a strand with all that it hung on. In blocks before a branch joined,
/// its rows are those that it copied.
class KeptStrand {
 public:
  /// Rows that lie together, and the blocks [first_block, end_block) in which they are the ones to see.
  struct Span {
    std::shared_ptr<const KeptRows> kept;
    std::int64_t first, count;
    int first_block, end_block;
  };

  /// `spans`: those of any one block are in order of position, and as many rows. `length`: of the sequence by which
  /// keys were rotated.
  KeptStrand(std::vector<Span> spans, int rows, int length) : spans_(std::move(spans)), rows_(rows), length_(length) {}

  int rows() const { return rows_; }  // their positions are 0 to rows - 1
  int length() const { return length_; }
  const std::vector<Span>& spans() const { return spans_; }

  /// Appends the rows' keys and values of block b, in order. They live as long as this does.
  void append_rows(int b, PastRows& to) const {
    for (const Span& span : spans_)
      if (b >= span.first_block && b < span.end_block) to.push_back({&(*span.kept)[b], span.first, span.count});
  }

 private:
  std::vector<Span> spans_;
  int rows_;
  int length_;
};

/// The first rows of one that hangs on no branch.
Past first_rows(const Past& kept, int rows);

/// Keeps what the jobs of a pass ask for.
class Keeper {
 public:
  Keeper(const Model& model, std::span<const Job> jobs, const Layout& layout);

  /// qkv [R, (H + 2 kv_heads) * head_dim] of block b, as attention takes them. Called once a block, in order.
  void keep(int b, const at::Tensor& qkv);

  /// Behind all blocks.
  Past kept(std::size_t job, int strand) const;

 private:
  void add_spans(std::size_t job, int strand, int rows, std::vector<KeptStrand::Span>& spans) const;

  const Model& model_;
  const Config& config_;
  std::span<const Job> jobs_;
  const Layout& layout_;
  std::vector<std::int64_t> rows_;  // packed rows to keep, ascending
  std::shared_ptr<KeptRows> kept_ = std::make_shared<KeptRows>();
};

}  // namespace tertium
