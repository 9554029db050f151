#include "tertium/engine/readout.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <map>
#include <string_view>
#include <unordered_map>

#include "tertium/engine/layout.h"
#include "tertium/model/block.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

using at::Tensor;

// Rows x words held at one time: 8 MiB in f32. Larger pieces leave the CPU's caches, and malloc returns them to the
// kernel each time. A GPU, which waits for each piece to be looked at, takes 256 MiB.
constexpr std::int64_t kLogitsAtOnce = 2 << 20, kLogitsOnADevice = 64 << 20;

std::atomic<std::int64_t> through_head = 0;

/// One reading of one job, and the row of `state` it is read at.
struct Placed {
  const Reading* reading;
  std::vector<float>* into;
  std::int64_t row;
};

/// Readings of one kind, with their states after the final norm.
struct ReadingGroup {
  std::vector<Placed> readings;
  std::vector<std::int64_t> rows;  // of the stream, one a reading
  Tensor state;                    // [rows, D]
};

/// Rows of the same numbers pass the head once: many patches leave an option's rows as they are, and what puts there
/// what is there already (the control `self`) leaves all of them.
void merge_equal_rows(ReadingGroup& group, const Ops& ops) {
  const Tensor state = group.state.cpu().contiguous();
  const auto bytes = static_cast<std::size_t>(state.size(1)) * sizeof(float);
  std::unordered_map<std::string_view, std::int64_t> known;
  std::vector<std::int64_t> kept;
  for (std::size_t i = 0; i < group.readings.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const std::string_view numbers(static_cast<const char*>(state.const_data_ptr()) + i * bytes, bytes);
    const auto [found, is_new] = known.try_emplace(numbers, static_cast<std::int64_t>(kept.size()));
    if (is_new) kept.push_back(row);
    group.readings[i].row = found->second;
  }
  if (kept.size() < group.readings.size()) group.state = group.state.index_select(0, ops.index(kept));
}

/// Logits of chosen words: the union of all that these readings ask for, at every row of them.
void read_words(const Model& model, const ReadingGroup& group) {
  std::map<std::int32_t, std::int64_t> column;
  for (const Placed& placed : group.readings)
    for (const std::int32_t token : placed.reading->tokens) column.emplace(token, 0);
  std::vector<std::int64_t> words;
  for (auto& [token, index] : column) {
    index = static_cast<std::int64_t>(words.size());
    words.push_back(token);
  }
  const Tensor values = logits_of(model, group.state, model.last_ops().index(words)).cpu().contiguous();
  for (const auto& [reading, into, row] : group.readings)
    for (const std::int32_t token : reading->tokens)
      into->push_back(values.data_ptr<float>()[row * values.size(1) + column.at(token)]);
}

void read_vocabulary(const Model& model, const ReadingGroup& group) {
  for (const auto& [reading, into, row] : group.readings) {
    const Tensor values = logits(model, group.state.narrow(0, row, 1), 0, model.config().vocabulary).cpu().contiguous();
    into->assign(values.data_ptr<float>(), values.data_ptr<float>() + model.config().vocabulary);
  }
}

/// The likeliest word, its logit, and its lead over the next.
void read_likeliest(const Model& model, const ReadingGroup& group) {
  std::vector<TopTwo> best(static_cast<std::size_t>(group.state.size(0)));
  for_each_part_of_vocabulary(model, group.state, [&](std::int64_t first, const Tensor& values) {
    const std::vector<TopTwo> of_part = model.last_ops().top_two(values);
    for (std::size_t row = 0; row < best.size(); ++row) best[row].join(of_part[row], first);
  });
  for (const auto& [reading, into, row] : group.readings) {
    const TopTwo& of_row = best[static_cast<std::size_t>(row)];
    *into = {static_cast<float>(of_row.word), of_row.value, of_row.value - of_row.next};
  }
}

/// Log-softmax of chosen words.
void read_log_probs(const Model& model, const ReadingGroup& group) {
  const Tensor log_sum = at::full({group.state.size(0)}, -INFINITY, group.state.options().dtype(at::kDouble));
  std::vector<WantedLogit> wanted;
  for (const Placed& placed : group.readings) {
    const std::vector<std::int32_t>& tokens = placed.reading->tokens;
    placed.into->resize(tokens.size());
    for (std::size_t i = 0; i < tokens.size(); ++i) wanted.push_back({placed.row, tokens[i], &(*placed.into)[i]});
  }
  for_each_part_of_vocabulary(model, group.state, [&](std::int64_t first, const Tensor& values) {
    take(model.last_ops(), wanted, first, values);
    model.last_ops().add_log_sum_exp(values, log_sum);
  });
  const Tensor sums = log_sum.cpu();
  for (const auto& [reading, into, row] : group.readings)
    for (float& value : *into) value = static_cast<float>(value - sums.const_data_ptr<double>()[row]);
}

}  // namespace

std::int64_t rows_through_head() { return through_head; }

void take(const Ops& ops, std::span<const WantedLogit> wanted, std::int64_t first, const Tensor& values) {
  std::vector<std::int64_t> rows, columns;
  std::vector<float*> into;
  for (const WantedLogit& one : wanted)
    if (const std::int64_t column = one.word - first; column >= 0 && column < values.size(1))
      rows.push_back(one.row), columns.push_back(column), into.push_back(one.into);
  if (into.empty()) return;
  const Tensor found = values.index({ops.index(rows), ops.index(columns)}).cpu();
  for (std::size_t i = 0; i < into.size(); ++i) *into[i] = found.const_data_ptr<float>()[i];
}

void for_each_part_of_vocabulary(const Model& model, const Tensor& state,
                                 const std::function<void(std::int64_t first, const Tensor& values)>& with) {
  through_head += state.size(0);
  const std::int64_t at_once = state.device().is_cpu() ? kLogitsAtOnce : kLogitsOnADevice;
  // A power of two: whole blocks of the head, whatever the number of rows.
  const auto block = static_cast<std::int64_t>(
      std::bit_floor(static_cast<std::uint64_t>(std::max<std::int64_t>(1024, at_once / state.size(0)))));
  for (std::int64_t first = 0; first < model.config().vocabulary; first += block)
    with(first,
         logits(model, state, first, std::min<std::int64_t>(block, model.config().vocabulary - first)).contiguous());
}

void read_all(const Model& model, const Tensor& stream, std::span<const Job> jobs, const Layout& layout,
              std::vector<JobResult>& results) {
  enum Kind { words, vocabulary, log_probs, likeliest, kinds };
  ReadingGroup groups[kinds];
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    results[j].readings.resize(jobs[j].readings.size());
    for (std::size_t i = 0; i < jobs[j].readings.size(); ++i) {
      const Reading& reading = jobs[j].readings[i];
      const Kind kind = reading.readout == Readout::likeliest   ? likeliest
                        : reading.readout == Readout::log_probs ? log_probs
                        : reading.tokens.empty()                ? vocabulary
                                                                : words;
      groups[kind].readings.push_back({&reading, &results[j].readings[i], 0});
      groups[kind].rows.push_back(layout.row(j, reading.strand, reading.row));
    }
  }
  const Ops& ops = model.last_ops();
  for (ReadingGroup& group : groups) {
    if (group.rows.empty()) continue;
    group.state = final_norm(model, stream.index_select(0, ops.index(group.rows)));
    merge_equal_rows(group, ops);
  }
  if (!groups[words].rows.empty()) read_words(model, groups[words]);
  if (!groups[vocabulary].rows.empty()) read_vocabulary(model, groups[vocabulary]);
  if (!groups[log_probs].rows.empty()) read_log_probs(model, groups[log_probs]);
  if (!groups[likeliest].rows.empty()) read_likeliest(model, groups[likeliest]);
}

}  // namespace tertium
