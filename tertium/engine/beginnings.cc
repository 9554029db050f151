#include "tertium/engine/beginnings.h"

#include <algorithm>
#include <iterator>

#include "tertium/engine/kept_strand.h"
#include "tertium/engine/layout.h"

namespace tertium {
namespace {

using Tokens = std::span<const std::int32_t>;

bool is_prompt(const Job& job) {
  if (job.strands.empty()) return false;
  const Strand& first = job.strands.front();
  return !first.prefix && !first.branch && !first.past;
}

/// Calls `with` for the row at which each of a job's parts first touches the job's prompt.
template <class SomeJob, class With>
void for_each_first_row(SomeJob& job, const With& with) {
  for (auto& strand : job.strands) {
    if (strand.prefix && strand.prefix->strand == 0) with(strand.prefix->rows);  // sees the rows before it
    if (strand.branch && strand.branch->of == 0) with(strand.branch->first_row);
  }
  for (auto& change : job.interventions)
    if (change.strand == 0) with(change.row);
  for (auto& recording : job.recordings)
    if (recording.strand == 0) with(recording.first_row);
  for (auto& reading : job.readings)
    if (reading.strand == 0) with(reading.row);
}

/// How many rows of a job's prompt are there only to be seen by others. Its last row never is: a strand has rows.
int unread_rows(const Job& job) {
  if (!is_prompt(job)) return 0;
  int rows = job.strands.front().rows() - 1;
  for_each_first_row(job, [&](int row) { rows = std::min(rows, row); });
  return rows;
}

int common_rows(Tokens a, Tokens b) { return static_cast<int>(std::ranges::mismatch(a, b).in1 - a.begin()); }

}  // namespace

std::vector<std::int32_t> Beginnings::new_common(std::span<const Job> jobs) const {
  if (jobs.size() < 2 || !is_prompt(jobs.front())) return {};
  const std::vector<std::int32_t>& tokens = jobs.front().strands.front().tokens;
  int rows = unread_rows(jobs.front());
  for (const Job& job : jobs.subspan(1)) {
    rows = std::min(rows, unread_rows(job));
    if (rows < kFewestShared) return {};
    rows = std::min(rows, common_rows(tokens, job.strands.front().tokens));
  }
  if (rows < kFewestShared || longest(tokens, rows)) return {};
  return {tokens.begin(), tokens.begin() + rows};
}

void Beginnings::keep_common(std::vector<std::int32_t> tokens, Past past) {
  common_tokens_ = std::move(tokens);
  common_ = std::move(past);
}

bool Beginnings::is_new(const Job& job) const {
  if (!is_prompt(job) || kept_.contains(job.strands.front().tokens)) return false;
  return std::ranges::none_of(job.interventions, [](const Intervention& change) { return change.strand == 0; });
}

void Beginnings::keep(std::vector<std::int32_t> tokens, Past past) {
  kept_.emplace(std::move(tokens), std::move(past));
}

Past Beginnings::longest(Tokens tokens, int most) const {
  // The longest is a neighbour in the order of tokens.
  const auto behind = kept_.lower_bound({tokens.begin(), tokens.end()});
  int rows = 0;
  const Past* found = nullptr;
  const auto look_at = [&](Tokens known, const Past& past) {
    if (const int common = std::min(most, common_rows(known, tokens)); common > rows) rows = common, found = &past;
  };
  // First, so that all that have but this in common hang on one strand.
  if (common_) look_at(common_tokens_, common_);
  if (behind != kept_.end()) look_at(behind->first, behind->second);
  if (behind != kept_.begin()) look_at(std::prev(behind)->first, std::prev(behind)->second);
  return rows < kFewestShared ? nullptr : first_rows(*found, rows);
}

void Beginnings::hang(Job& job) const {
  const Past past = is_prompt(job) ? longest(job.strands.front().tokens, unread_rows(job)) : nullptr;
  if (!past) return;
  const int rows = past->rows();
  Strand& prompt = job.strands.front();
  prompt.tokens.erase(prompt.tokens.begin(), prompt.tokens.begin() + rows);
  prompt.past = past;
  for_each_first_row(job, [&](int& row) { row -= rows; });
}

}  // namespace tertium
