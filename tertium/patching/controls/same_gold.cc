#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) {
  std::vector<std::size_t> candidates;
  for (const std::size_t i : request.pool)
    if (i != request.recipient && request.items[i].gold == request.items[request.recipient].gold)
      candidates.push_back(i);
  return draw(request, "same_gold", std::move(candidates));
}

}  // namespace

const Control same_gold_control = {
    "same_gold", "copying of the answer's letter: another pivot item of the pool with the same gold position",
    DonorLanguage::pivot, donors};

}  // namespace tertium
