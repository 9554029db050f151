#include "tertium/metrics/corpus.h"

#include <algorithm>

namespace tertium {
namespace {

constexpr std::size_t kBlock = 256;  // rows of each side at once

std::vector<double> read_block(const ReadState& read, std::size_t first, std::size_t count, std::size_t width) {
  std::vector<float> states(count * width);
  for (std::size_t i = 0; i < count; ++i) read(first + i, std::span(states).subspan(i * width, width));
  return unit_rows({states, width});
}

/// What each item is so far. Its own cosine must be known before the others come.
class Verdicts {
 public:
  Verdicts(const Metric& metric, std::size_t items) : metric_(metric), own_(items), measured_(items, {.value = 1}) {}

  void set_own(std::size_t i, double cosine) { own_[i] = cosine; }
  void compare(std::size_t i, std::size_t j, double cosine) {
    metric_.of_pair(own_[i], cosine, measured_[i]);
    metric_.of_pair(own_[j], cosine, measured_[j]);
  }
  std::vector<Measured> take() { return std::move(measured_); }

 private:
  const Metric& metric_;
  std::vector<double> own_;  // [items]
  std::vector<Measured> measured_;
};

}  // namespace

std::vector<Measured> measure_corpus(const Metric& metric, std::size_t items, std::size_t width, const ReadState& pivot,
                                     const ReadState& other) {
  Verdicts verdicts(metric, items);
  for (std::size_t first = 0; first < items; first += kBlock) {
    const std::size_t count = std::min(kBlock, items - first);
    const std::vector<double> a = read_block(pivot, first, count, width), b = read_block(other, first, count, width);
    for (std::size_t i = 0; i < count; ++i)
      verdicts.set_own(first + i, dot_product(&a[i * width], &b[i * width], width));
  }
  for (std::size_t row = 0; row < items; row += kBlock) {
    const std::size_t rows = std::min(kBlock, items - row);
    const std::vector<double> a = read_block(pivot, row, rows, width);
    for (std::size_t column = 0; column < items; column += kBlock) {
      const std::size_t columns = std::min(kBlock, items - column);
      const std::vector<double> b = read_block(other, column, columns, width);
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j)
          if (row + i != column + j)
            verdicts.compare(row + i, column + j, dot_product(&a[i * width], &b[j * width], width));
    }
  }
  return verdicts.take();
}

std::vector<Measured> measure_corpus(const Metric& metric, const Cosines& premises) {
  Verdicts verdicts(metric, premises.n);
  for (std::size_t i = 0; i < premises.n; ++i) verdicts.set_own(i, premises.at(i, i));
  for (std::size_t i = 0; i < premises.n; ++i)
    for (std::size_t j = 0; j < premises.n; ++j)
      if (i != j) verdicts.compare(i, j, premises.at(i, j));
  return verdicts.take();
}

}  // namespace tertium
