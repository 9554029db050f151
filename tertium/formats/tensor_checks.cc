#include "tertium/formats/tensor_checks.h"

#include <algorithm>
#include <functional>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

using Pointers = std::vector<const TensorView*>;

void check_names_differ(const std::filesystem::path& path, Pointers& tensors) {
  std::ranges::sort(tensors, {}, [](const TensorView* tensor) -> std::string_view { return tensor->name; });
  const auto same_name = [](const TensorView* a, const TensorView* b) { return a->name == b->name; };
  const auto twice = std::ranges::adjacent_find(tensors, same_name);
  if (twice != tensors.end())
    fail("{}: has two tensors \"{}\"; write the file again", path.string(), printable((*twice)->name));
}

void check_bytes_apart(const std::filesystem::path& path, Pointers& tensors) {
  // Pointers as numbers: the empty tensors' ends are no elements that one may compare otherwise. By end too, so that an
  // empty tensor comes before the one that begins where it lies.
  const auto begin_of = [](const TensorView* tensor) { return reinterpret_cast<std::uintptr_t>(tensor->bytes.data()); };
  const auto end_of = [&](const TensorView* tensor) { return begin_of(tensor) + tensor->bytes.size(); };
  std::ranges::sort(tensors, {}, [&](const TensorView* tensor) { return std::pair(begin_of(tensor), end_of(tensor)); });
  const auto share = [&](const TensorView* a, const TensorView* b) { return end_of(a) > begin_of(b); };
  const auto first = std::ranges::adjacent_find(tensors, share);
  if (first != tensors.end())
    fail("{}: tensors \"{}\" and \"{}\" share bytes; the file is damaged, download or write it again", path.string(),
         printable((*first)->name), printable((*(first + 1))->name));
}

}  // namespace

void check_apart(const std::filesystem::path& path, std::span<const TensorView> tensors) {
  Pointers pointers;
  pointers.reserve(tensors.size());
  for (const TensorView& tensor : tensors) pointers.push_back(&tensor);
  check_names_differ(path, pointers);
  check_bytes_apart(path, pointers);
}

}  // namespace tertium
