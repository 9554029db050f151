#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tertium/model/site.h"

namespace tertium {

struct Config;

/// Rows of one strand that another hangs on: it sees the first `rows` rows of `strand`, and all that `strand` itself
/// sees.
struct Prefix {
  int strand;
  int rows;
};

/// Residual rows of a strand of the same job, to be computed anew from a block on: rows [first_row, first_row + rows)
/// of `of`. They are copied as they enter `block` (as they leave the last one, if `block` is the number of blocks),
/// before any intervention there.
struct Branch {
  int of;
  int first_row;
  int rows;
  int block;
};

/// A strand of an earlier run, with all that it hung on, whose keys and values were kept (engine/kept_strand.h).
class KeptStrand;
using Past = std::shared_ptr<const KeptStrand>;

/// A run of consecutive token rows to compute: fresh tokens from block 0, or a branch of another strand. What it hangs
/// on must stand before it in its job, or be a kept strand of an earlier run. A strand that branches off sees only
/// strands that are live where it joins.
struct Strand {
  std::optional<Prefix> prefix;
  std::vector<std::int32_t> tokens;  // empty for a branch
  std::optional<Branch> branch;
  Past past;  // hangs on all of it, instead of on a prefix

  int rows() const { return branch ? branch->rows : static_cast<int>(tokens.size()); }
  int first_block() const { return branch ? branch->block : 0; }
};

/// What is done to a row x of activations (docs/methods.md, section 9).
enum class Operation {
  replace,  // x := v
  zero,     // x := 0
  add,      // x := x + dose u; renormed: scaled back to the norm of x
  project,  // x := x - (x B^T) B, for B whose rows are orthonormal (see orthonormal): x less its part in their span
  map,      // x := x + dose ((x W + b) - x)
};

/// An operation with its numbers, which must outlive the run. Their width is the site's: D; at q, k, v and z
/// heads * head_dim, or head_dim of one head.
struct Change {
  std::span<const float> values;  // v [width]; zero: none; u [width]; B [n, width]; W [width, width], then b [width]
  Operation operation = Operation::replace;
  float dose = 1;         // of add and map
  bool renormed = false;  // of add
};

/// Changes the live activations of some rows of a strand at a site; between two blocks, after branches joined. Several
/// of one row at one place follow each other as they stand in their job. What a row's keys and values become, all rows
/// see that see the row.
struct Intervention {
  int strand;
  int row;  // the first
  Site site;
  Change change;
  int rows = 1;
};

/// What to record of some rows of a strand, at every layer, interventions included; of a branch, at layers before it
/// joins, what it copies has there.
enum class Quantity {
  resid,       // [L + 1, rows, D]: stream index 0..L
  q, k, v, z,  // [L, rows, heads * head_dim]
  attn_out,    // [L, rows, D]
  resid_mid,   // [L, rows, D]; not in parallel blocks
  mlp_out,     // [L, rows, D]
  final_norm,  // [rows, D]
};
/// What is recorded of a site: resid for resid_pre and resid_post. Its layer is the block of canonical(site).
Quantity quantity_of(SiteKind kind);
/// The sizes of a recording's first and last dimension; final_norm counts as one layer.
int layers_of(const Config& config, Quantity quantity);
std::size_t width_of(const Config& config, Quantity quantity);

struct Recording {
  int strand;
  int first_row;
  int rows;
  Quantity quantity;
};

/// What to read behind the final norm at one row.
enum class Readout {
  logits,     // of `tokens`, or of the whole vocabulary if there are none
  log_probs,  // log-softmax over the vocabulary, of `tokens`
  likeliest,  // of the whole vocabulary (no `tokens`) the id with the largest logit, the first of equals; this logit;
              // and its lead over the next: 3 numbers. An id is below 2^24, which f32 holds exactly.
};
struct Reading {
  int strand;
  int row;
  Readout readout;
  std::vector<std::int32_t> tokens;
};

struct Job;
/// The position of a strand's first row.
int start_position(const Job& job, int strand);
/// What a strand sees of earlier runs, itself or through what it hangs on; null if nothing.
const Past& past_of(const Job& job, int strand);

/// Strands that belong together, as a prompt, its options and their patched runs do. Indices are the job's own.
struct Job {
  std::string name;  // for error messages: "xcopa it, item 12"
  std::vector<Strand> strands;
  std::vector<Intervention> interventions;
  std::vector<Recording> recordings;
  std::vector<Reading> readings;
  std::vector<int> kept;  // strands whose keys and values, interventions included, strands of later runs hang on

  int rows() const {
    int sum = 0;
    for (const Strand& strand : strands) sum += strand.rows();
    return sum;
  }
};

/// What a job yields, in the order it was asked.
struct JobResult {
  std::vector<std::vector<float>> recordings;  // shapes: see Quantity
  std::vector<std::vector<float>> readings;    // [tokens], or [V]; of likeliest [3]
  std::vector<Past> kept;
};

}  // namespace tertium
