#include "tests/support/naive_patch.h"

#include <c10/core/InferenceMode.h>

#include <stdexcept>

#include "tertium/screening/plain_forward.h"

namespace tertium::test {
namespace {

using at::Tensor;

bool same_place(Site a, Site b) { return a.kind == b.kind && a.block == b.block; }

/// Of a site's activations, all or those of one head: [T, width]. A view.
Tensor columns_of(Site site, const Tensor& activations) {
  return site.head == Site::kNoHead ? activations.flatten(1) : activations.select(1, site.head);
}

std::vector<float> values_of(const Tensor& x) {
  const Tensor in_order = x.contiguous();
  return {in_order.const_data_ptr<float>(), in_order.const_data_ptr<float>() + in_order.numel()};
}

Tensor edited(const NaiveEdit& edit, const Tensor& activations) {
  Tensor copy = activations.clone(at::MemoryFormat::Contiguous);
  Tensor columns = columns_of(edit.site, copy);
  const std::size_t width = columns.size(1);
  for (std::size_t r = 0; r < edit.rows.size(); ++r)
    columns[edit.rows[r]].copy_(at::tensor(at::ArrayRef<float>(edit.values.data() + r * width, width)));
  return copy;
}

}  // namespace

std::vector<float> naive_rows(const Model& model, std::span<const std::int32_t> ids, Site site,
                              const std::vector<int>& rows) {
  const c10::InferenceMode no_autograd;
  Tensor found;
  PlainForward(model).stream(ids, [&](Site here, const Tensor& activations) {
    if (same_place(site, here)) found = columns_of(site, activations).index_select(0, at::tensor(rows));
    return activations;
  });
  if (!found.defined()) throw std::logic_error("no such site in this model: " + to_string(site));
  return values_of(found);
}

std::vector<float> naive_logits(const Model& model, std::span<const std::int32_t> ids,
                                const std::vector<NaiveEdit>& edits) {
  const c10::InferenceMode no_autograd;
  const PlainForward forward(model);
  std::size_t fired = 0;
  const Tensor stream = forward.stream(ids, [&](Site here, Tensor activations) {
    for (const NaiveEdit& edit : edits) {
      if (!same_place(edit.site, here)) continue;
      activations = edited(edit, activations);
      ++fired;
    }
    return activations;
  });
  if (fired != edits.size()) throw std::logic_error("an edit did not fire");
  return values_of(forward.logits(forward.final_norm(stream)));
}

}  // namespace tertium::test
