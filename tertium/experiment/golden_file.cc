#include "tertium/experiment/golden_file.h"

#include <cstring>

#include "tertium/base/error.h"
#include "tertium/model/sizes.h"

namespace tertium {

std::vector<std::string> GoldenFile::names() const {
  std::vector<std::string> names;
  for (const TensorView& tensor : file_.tensors()) names.push_back(tensor.name);
  return names;
}

std::vector<float> GoldenFile::floats(const std::string& name, const std::vector<std::int64_t>& shape) const {
  const TensorView& tensor = at(name);
  if (tensor.shape != shape) fail("{}: tensor \"{}\" is not [{}]", path_, name, fmt::join(shape, ", "));
  std::vector<float> values(tensor.count());
  if (tensor.dtype != DType::I64) {
    to_f32(tensor, values);
    return values;
  }
  std::vector<std::int64_t> wide(tensor.count());
  std::memcpy(wide.data(), tensor.bytes.data(), tensor.bytes.size());
  return {wide.begin(), wide.end()};
}

std::vector<std::int32_t> GoldenFile::ids(const std::string& name, int vocabulary) const {
  const TensorView& tensor = at(name);
  if (tensor.dtype != DType::I64 || tensor.shape.size() != 1 || tensor.count() == 0)
    fail("{}: tensor \"{}\" is no list of I64 ids", path_, name);
  std::vector<std::int64_t> wide(tensor.count());
  std::memcpy(wide.data(), tensor.bytes.data(), tensor.bytes.size());
  for (const std::int64_t id : wide) demand_embedded(id, vocabulary, fmt::format("{}: tensor \"{}\"", path_, name));
  return {wide.begin(), wide.end()};
}

const TensorView& GoldenFile::at(const std::string& name) const {
  const TensorView* found = file_.find(name);
  if (!found) fail("{}: no tensor \"{}\"", path_, name);
  return *found;
}

}  // namespace tertium
