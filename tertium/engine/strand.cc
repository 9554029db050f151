#include "tertium/engine/strand.h"

namespace tertium {

Quantity quantity_of(SiteKind kind) {
  switch (kind) {
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

}  // namespace tertium
