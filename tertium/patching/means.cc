#include "tertium/patching/means.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

namespace tertium {
namespace {

void add_to(std::vector<double>& total, std::span<const float> values, double factor) {
  total.resize(values.size());
  for (std::size_t k = 0; k < values.size(); ++k) total[k] += factor * values[k];
}

/// Numbers and texts one behind the other.
class Writer {
 public:
  void number(std::uint64_t value) { text_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(std::string_view value) {
    number(value.size());
    text_.append(value);
  }
  void numbers(const std::vector<double>& values) {
    number(values.size());
    text_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    std::memcpy(&value, next(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(next(number())); }
  std::vector<double> numbers() {
    const std::uint64_t count = number();
    if (count > bytes_.size() / sizeof(double)) throw std::logic_error("means that are cut short");
    std::vector<double> values(count);
    const std::string_view bytes = next(count * sizeof(double));
    if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

 private:
  std::string_view next(std::size_t size) {
    if (size > bytes_.size()) throw std::logic_error("means that are cut short");
    const std::string_view part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }
  std::string_view bytes_;
};

}  // namespace

std::vector<double> Means::share(One item, const Key& key) {
  const auto& [site, position, i, n] = key;
  const std::vector<int>& rows = rows_named(item.positions, position);
  std::vector<double> share;
  if (is_of_any_length(position))
    for (const int row : rows) add_to(share, item.activations.at(site, row), 1.0 / static_cast<double>(rows.size()));
  else if (rows.size() == n)
    add_to(share, item.activations.at(site, rows[i]), 1);
  return share;
}

void Means::add(One item, std::span<const Place> places, std::span<const std::string> names) {
  std::set<Key> keys;  // windows meet in places
  for (const Place& place : places) {
    const std::string& position = names[place.position];
    const std::size_t rows = rows_named(item.positions, position).size();
    for (const Site site : place.sites()) {
      if (is_of_any_length(position)) keys.emplace(site, position, 0, 0);
      for (std::size_t i = 0; !is_of_any_length(position) && i < rows; ++i) keys.emplace(site, position, i, rows);
    }
  }
  for (const Key& key : keys) {
    const std::vector<double> one = share(item, key);
    if (one.empty()) continue;
    Sum& sum = sums_[key];
    sum.total.resize(one.size());
    for (std::size_t k = 0; k < one.size(); ++k) sum.total[k] += one[k];
    ++sum.count;
  }
}

void Means::add(const Means& others) {
  for (const auto& [key, more] : others.sums_) {
    Sum& sum = sums_[key];
    sum.total.resize(more.total.size());
    for (std::size_t k = 0; k < more.total.size(); ++k) sum.total[k] += more.total[k];
    sum.count += more.count;
  }
}

std::vector<float> Means::at(Site site, const std::string& position, std::size_t i, std::size_t n,
                             const One* left_out) const {
  const Key key = is_of_any_length(position) ? Key{site, position, 0, 0} : Key{site, position, i, n};
  const auto found = sums_.find(key);
  if (found == sums_.end()) return {};
  Sum left = found->second;
  if (left_out) {
    const std::vector<double> own = share(*left_out, key);
    for (std::size_t k = 0; k < own.size(); ++k) left.total[k] -= own[k];
    left.count -= !own.empty();
  }
  if (left.count == 0) return {};
  std::vector<float> mean;
  for (const double total : left.total) mean.push_back(static_cast<float>(total / static_cast<double>(left.count)));
  return mean;
}

std::string Means::bytes() const {
  Writer writer;
  writer.number(sums_.size());
  for (const auto& [key, sum] : sums_) {
    const auto& [site, position, i, n] = key;
    writer.number(static_cast<std::uint64_t>(site.kind));
    writer.number(static_cast<std::uint64_t>(site.block));
    writer.number(static_cast<std::uint64_t>(static_cast<std::int64_t>(site.head)));
    writer.text(position);
    writer.number(i);
    writer.number(n);
    writer.number(sum.count);
    writer.numbers(sum.total);
  }
  return writer.take();
}

Means Means::from_bytes(std::string_view bytes) {
  Reader reader(bytes);
  Means means;
  for (std::uint64_t left = reader.number(); left > 0; --left) {
    Site site;
    site.kind = static_cast<SiteKind>(reader.number());
    site.block = static_cast<int>(reader.number());
    site.head = static_cast<int>(static_cast<std::int64_t>(reader.number()));
    std::string position = reader.text();
    const std::uint64_t i = reader.number(), n = reader.number();
    Sum& sum = means.sums_[{site, std::move(position), i, n}];
    sum.count = reader.number();
    sum.total = reader.numbers();
  }
  return means;
}

}  // namespace tertium
