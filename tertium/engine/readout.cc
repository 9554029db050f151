#include "tertium/engine/readout.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "tertium/engine/layout.h"
#include "tertium/model/block.h"
#include "tertium/model/config.h"
#include "tertium/model/row_kernels.h"

namespace tertium {
namespace {

using at::Tensor;

// Rows x words held at one time: 8 MiB in f32. Larger pieces leave the caches, and malloc returns them to the kernel
// each time.
constexpr std::int64_t kLogitsAtOnce = 2 << 20;

/// One reading of one job, and the row of `state` it is read at.
struct Placed {
  const Reading* reading;
  std::vector<float>* into;
  std::int64_t row;
};

/// Readings of one kind, with their states after the final norm.
struct ReadingGroup {
  std::vector<Placed> readings;
  Tensor state;  // [rows, D]
};

/// Logits of chosen words: the union of all that these readings ask for, at every row of them.
void read_words(const Config& config, const Weights& weights, const ReadingGroup& group) {
  std::map<std::int32_t, std::int64_t> column;
  for (const Placed& placed : group.readings)
    for (const std::int32_t token : placed.reading->tokens) column.emplace(token, 0);
  std::vector<std::int64_t> words;
  for (auto& [token, index] : column) {
    index = static_cast<std::int64_t>(words.size());
    words.push_back(token);
  }
  const Tensor values = logits_of(config, weights, group.state, at::tensor(words)).contiguous();
  for (const auto& [reading, into, row] : group.readings)
    for (const std::int32_t token : reading->tokens)
      into->push_back(values.data_ptr<float>()[row * values.size(1) + column.at(token)]);
}

void read_vocabulary(const Config& config, const Weights& weights, const ReadingGroup& group) {
  for (const auto& [reading, into, row] : group.readings) {
    const Tensor values = logits(config, weights, group.state.narrow(0, row, 1), 0, config.vocabulary).contiguous();
    into->assign(values.data_ptr<float>(), values.data_ptr<float>() + config.vocabulary);
  }
}

/// The likeliest word, its logit, and its lead over the next.
void read_likeliest(const Config& config, const Weights& weights, const ReadingGroup& group) {
  struct Best {
    std::int64_t word = 0;
    float logit = -INFINITY, next = -INFINITY;
  };
  std::vector<Best> best(static_cast<std::size_t>(group.state.size(0)));
  for_each_part_of_vocabulary(config, weights, group.state, [&](std::int64_t first, const Tensor& values) {
    const std::int64_t words = values.size(1);
    at::parallel_for(0, values.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; ++row) {
        Best& of_row = best[static_cast<std::size_t>(row)];
        const float* logits = values.const_data_ptr<float>() + row * words;
        for (std::int64_t word = 0; word < words; ++word) {
          if (logits[word] <= of_row.next) continue;
          if (logits[word] > of_row.logit)
            of_row = {first + word, logits[word], of_row.logit};
          else
            of_row.next = logits[word];
          if (std::isnan(logits[word])) of_row.logit = NAN;
        }
      }
    });
  });
  for (const auto& [reading, into, row] : group.readings) {
    const Best& of_row = best[static_cast<std::size_t>(row)];
    *into = {static_cast<float>(of_row.word), of_row.logit, of_row.logit - of_row.next};
  }
}

/// log(sum(exp(values))) of each row of values [rows, words], contiguous; overwrites them.
Tensor log_sum_exp(const Tensor& values) {
  const std::int64_t rows = values.size(0), words = values.size(1);
  Tensor sums = at::empty({rows}, at::kFloat);
  at::parallel_for(0, rows, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      sums.data_ptr<float>()[row] = log_sum_exp_row(values.data_ptr<float>() + row * words, words);
    }
  });
  return sums;
}

/// Log-softmax of chosen words.
void read_log_probs(const Config& config, const Weights& weights, const ReadingGroup& group) {
  const std::int64_t rows = group.state.size(0);
  Tensor log_sum = at::full({rows}, -INFINITY, at::kFloat);
  for (const Placed& placed : group.readings) placed.into->resize(placed.reading->tokens.size());
  for_each_part_of_vocabulary(config, weights, group.state, [&](std::int64_t first, const Tensor& values) {
    const std::int64_t words = values.size(1);
    for (const auto& [reading, into, row] : group.readings)
      for (std::size_t i = 0; i < reading->tokens.size(); ++i)
        if (const std::int64_t word = reading->tokens[i] - first; word >= 0 && word < words)
          (*into)[i] = values.data_ptr<float>()[row * words + word];
    log_sum = at::logaddexp(log_sum, log_sum_exp(values));
  });
  for (const auto& [reading, into, row] : group.readings)
    for (float& value : *into) value -= log_sum.data_ptr<float>()[row];
}

}  // namespace

void for_each_part_of_vocabulary(const Config& config, const Weights& weights, const Tensor& state,
                                 const std::function<void(std::int64_t first, const Tensor& values)>& with) {
  // A power of two: whole blocks of the head, whatever the number of rows.
  const auto block = static_cast<std::int64_t>(
      std::bit_floor(static_cast<std::uint64_t>(std::max<std::int64_t>(1024, kLogitsAtOnce / state.size(0)))));
  for (std::int64_t first = 0; first < config.vocabulary; first += block)
    with(first,
         logits(config, weights, state, first, std::min<std::int64_t>(block, config.vocabulary - first)).contiguous());
}

void read_all(const Config& config, const Weights& weights, const Tensor& stream, std::span<const Job> jobs,
              const Layout& layout, std::vector<JobResult>& results) {
  enum Kind { words, vocabulary, log_probs, likeliest, kinds };
  ReadingGroup groups[kinds];
  std::vector<std::int64_t> rows[kinds];
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    results[j].readings.resize(jobs[j].readings.size());
    for (std::size_t i = 0; i < jobs[j].readings.size(); ++i) {
      const Reading& reading = jobs[j].readings[i];
      const Kind kind = reading.readout == Readout::likeliest   ? likeliest
                        : reading.readout == Readout::log_probs ? log_probs
                        : reading.tokens.empty()                ? vocabulary
                                                                : words;
      groups[kind].readings.push_back(
          {&reading, &results[j].readings[i], static_cast<std::int64_t>(rows[kind].size())});
      rows[kind].push_back(layout.row(j, reading.strand, reading.row));
    }
  }
  for (const Kind kind : {words, vocabulary, log_probs, likeliest}) {
    if (rows[kind].empty()) continue;
    groups[kind].state = final_norm(config, weights, stream.index_select(0, at::tensor(rows[kind])));
  }
  if (!rows[words].empty()) read_words(config, weights, groups[words]);
  if (!rows[vocabulary].empty()) read_vocabulary(config, weights, groups[vocabulary]);
  if (!rows[log_probs].empty()) read_log_probs(config, weights, groups[log_probs]);
  if (!rows[likeliest].empty()) read_likeliest(config, weights, groups[likeliest]);
}

}  // namespace tertium
