#include "tertium/engine/strand.h"

#include "tertium/engine/kept_strand.h"
#include "tertium/model/config.h"

namespace tertium {

Quantity quantity_of(SiteKind kind) {
  switch (kind) {
    case SiteKind::q:
      return Quantity::q;
    case SiteKind::k:
      return Quantity::k;
    case SiteKind::v:
      return Quantity::v;
    case SiteKind::z:
      return Quantity::z;
    case SiteKind::attn_out:
      return Quantity::attn_out;
    case SiteKind::resid_mid:
      return Quantity::resid_mid;
    case SiteKind::mlp_out:
      return Quantity::mlp_out;
    default:
      return Quantity::resid;
  }
}

int layers_of(const Config& config, Quantity quantity) {
  if (quantity == Quantity::final_norm) return 1;
  return config.block_count() + (quantity == Quantity::resid);
}

std::size_t width_of(const Config& config, Quantity quantity) {
  for (const SiteInfo& site : site_kinds())
    if (quantity_of(site.kind) == quantity) return site_width(config, {site.kind, 0});
  return config.hidden;
}

int start_position(const Job& job, int strand) {
  const std::optional<Prefix>& prefix = job.strands[strand].prefix;
  if (prefix) return start_position(job, prefix->strand) + prefix->rows;
  const Past& past = job.strands[strand].past;
  return past ? past->rows() : 0;
}

const Past& past_of(const Job& job, int strand) {
  const Strand& own = job.strands[strand];
  return own.prefix ? past_of(job, own.prefix->strand) : own.past;
}

}  // namespace tertium
