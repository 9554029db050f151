#include "tertium/engine/kept_strand.h"

#include <algorithm>

#include "tertium/engine/engine.h"
#include "tertium/engine/layout.h"
#include "tertium/model/config.h"
#include "tertium/model/model.h"
#include "tertium/model/weights.h"
#include "tertium/ops/ops.h"

namespace tertium {
namespace {

/// The packed rows that some rows of a strand stand on, and the blocks in which they do: a branch's own from where it
/// joins, before that those that it copied. Calls `with(packed rows, first block, end block)`.
template <class With>
void for_each_level(const Job& job, const std::vector<std::vector<std::int64_t>>& packed, int strand, int first,
                    int rows, int end_block, const With& with) {
  const Strand& own = job.strands[strand];
  if (own.first_block() < end_block)
    with(std::span(packed[strand]).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows)),
         own.first_block(), end_block);
  if (own.branch && own.branch->block > 0)
    for_each_level(job, packed, own.branch->of, own.branch->first_row + first, rows,
                   std::min(end_block, own.branch->block), with);
}

}  // namespace

Past first_rows(const Past& kept, int rows) {
  if (rows == kept->rows()) return kept;
  std::vector<KeptStrand::Span> spans;
  std::int64_t left = rows;
  for (auto span = kept->spans().begin(); left > 0; ++span) {
    spans.push_back(*span);
    spans.back().count = std::min(span->count, left);
    left -= spans.back().count;
  }
  return std::make_shared<const KeptStrand>(std::move(spans), rows, kept->length());
}

Keeper::Keeper(const Model& model, std::span<const Job> jobs, const Layout& layout)
    : model_(model), config_(model.config()), jobs_(jobs), layout_(layout) {
  for (std::size_t j = 0; j < jobs.size(); ++j)
    for (int strand : jobs[j].kept)
      for (int rows = jobs[j].strands[strand].rows();;) {
        for_each_level(jobs[j], layout.packed[j], strand, 0, rows, config_.block_count(),
                       [&](auto packed, int, int) { rows_.insert(rows_.end(), packed.begin(), packed.end()); });
        const std::optional<Prefix>& prefix = jobs[j].strands[strand].prefix;
        if (!prefix) break;
        strand = prefix->strand;
        rows = prefix->rows;
      }
  std::ranges::sort(rows_);
  rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
}

void Keeper::keep(int b, const at::Tensor& qkv) {
  if (rows_.empty()) return;
  const std::int64_t live = std::ranges::lower_bound(rows_, qkv.size(0)) - rows_.begin();
  const std::int64_t queries = std::int64_t{config_.heads} * config_.head_dim;
  const at::Tensor both = qkv.narrow(1, queries, qkv.size(1) - queries);
  const Ops& ops = model_.ops(b);
  kept_->resize(static_cast<std::size_t>(b) + 1);
  kept_->back() = both.index_select(0, ops.index(std::span(rows_).first(static_cast<std::size_t>(live))))
                      .to(ops.attention_type(config_.head_dim, qkv.scalar_type()))
                      .contiguous();
}

void Keeper::add_spans(std::size_t job, int strand, int rows, std::vector<KeptStrand::Span>& spans) const {
  const Strand& own = jobs_[job].strands[strand];
  if (own.prefix) add_spans(job, own.prefix->strand, own.prefix->rows, spans);
  if (own.past) spans.insert(spans.end(), own.past->spans().begin(), own.past->spans().end());
  if (rows == 0) return;
  for_each_level(jobs_[job], layout_.packed[job], strand, 0, rows, config_.block_count(),
                 [&](std::span<const std::int64_t> packed, int first_block, int end_block) {
                   for (std::size_t r = 0; r < packed.size(); ++r) {
                     const std::int64_t at = std::ranges::lower_bound(rows_, packed[r]) - rows_.begin();
                     // Rows that follow one another in the pass do so among the kept ones, since all of them are.
                     if (r > 0 && packed[r] == packed[r - 1] + 1)
                       ++spans.back().count;
                     else
                       spans.push_back({kept_, at, 1, first_block, end_block});
                   }
                 });
}

Past Keeper::kept(std::size_t job, int strand) const {
  std::vector<KeptStrand::Span> spans;
  const int rows = jobs_[job].strands[strand].rows();
  add_spans(job, strand, rows, spans);
  return std::make_shared<const KeptStrand>(std::move(spans), start_position(jobs_[job], strand) + rows,
                                            layout_.lengths[job][static_cast<std::size_t>(strand)].longest);
}

std::size_t kept_bytes_of_row(const Model& model) {
  const Config& config = model.config();
  const at::ScalarType type = model.ops(0).attention_type(config.head_dim, scalar_type(model.precision()));
  return 2 * config.layers.size() * static_cast<std::size_t>(config.kv_heads) * config.head_dim *
         c10::elementSize(type);
}

}  // namespace tertium
