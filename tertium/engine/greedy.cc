#include "tertium/engine/greedy.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "tertium/base/item_error.h"
#include "tertium/engine/engine.h"
#include "tertium/engine/kept_strand.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

/// A text under way.
struct Text {
  const Job* job;
  const Continuation* how;
  Continued* made;
  Past past;  // null: computed anew for each token
  bool ended = false;
};

int end_of(const Job& job, int strand) { return start_position(job, strand) + job.strands[strand].rows(); }

/// Whether rotations change while the text grows.
bool may_turn(const Config& config, const Job& job, const Continuation& how) {
  const int rows = end_of(job, how.strand);
  return std::ranges::any_of(config.ropes, [&](const Rope& rope) {
    return rope.depends_on_length() && inverse_frequencies(rope, rows) != inverse_frequencies(rope, rows + how.most);
  });
}

void demand_fits(const Config& config, const Job& job, const Continuation& how) {
  const int rows = end_of(job, how.strand);
  if (std::int64_t{rows} + how.most > config.context)
    fail_item(
        "{}: the prompt's {} tokens and {} more exceed the model's context of {}; shorten the prompt or ask for fewer",
        job.name, rows, how.most, config.context);
}

/// Takes what was read of the likeliest token.
void take(const Config& config, const std::vector<float>& likeliest, Text& text) {
  const auto token = static_cast<std::int32_t>(likeliest[0]);
  Continued& made = *text.made;
  made.lead = std::min(made.lead, likeliest[2]);
  const auto stop = [&](Continued::Stop why) {
    made.stop = why;
    text.ended = true;
    text.past.reset();
  };
  if (std::ranges::find(config.end_tokens, token) != config.end_tokens.end()) return stop(Continued::Stop::end_token);
  made.tokens.push_back(token);
  if (text.how->ends && text.how->ends(made.tokens)) return stop(Continued::Stop::text);
  if (static_cast<int>(made.tokens.size()) >= text.how->most) stop(Continued::Stop::length);
}

/// The run that predicts a text's next token.
Job next_job(const Text& text) {
  Job job;
  if (text.past) {
    job.name = text.job->name;
    job.strands = {{.tokens = {text.made->tokens.back()}, .past = text.past}};
    job.kept = {0};
  } else {
    job = *text.job;
    job.readings.clear();
    job.recordings.clear();
    const int strand = text.how->strand;
    if (job.strands[strand].first_block() > 0)
      fail_item(
          "{}: cannot be gone on with from a branch where this model's rope turns all rows by the text's length; "
          "shorten the prompt or ask for fewer tokens",
          job.name);
    job.strands.push_back({.prefix = Prefix{strand, job.strands[strand].rows()}, .tokens = text.made->tokens});
  }
  const int strand = static_cast<int>(job.strands.size()) - 1, rows = job.strands.back().rows();
  for (const auto& [site, change] : text.how->everywhere) job.interventions.push_back({strand, 0, site, change, rows});
  job.readings = {{strand, rows - 1, Readout::likeliest, {}}};
  return job;
}

}  // namespace

std::vector<ContinuedResult> continue_greedily(const Engine& engine, std::span<const ContinuedJob> asked,
                                               const std::function<void(std::size_t)>& progress,
                                               Beginnings* beginnings) {
  const Config& config = engine.model().config();
  std::vector<ContinuedResult> results(asked.size());
  std::size_t all = 0;
  std::vector<Job> jobs;
  for (std::size_t a = 0; a < asked.size(); ++a) {
    Job& job = jobs.emplace_back(asked[a].job);
    for (const Continuation& how : asked[a].continuations) {
      demand_fits(config, job, how);
      job.readings.push_back({how.strand, job.strands[how.strand].rows() - 1, Readout::likeliest, {}});
      if (!may_turn(config, job, how)) job.kept.push_back(how.strand);
      results[a].texts.push_back({.lead = std::numeric_limits<float>::infinity()});
      ++all;
    }
  }
  std::vector<Text> texts;
  const auto told = [&] {
    if (progress) progress(all - texts.size());
  };
  const auto begun = [&](std::size_t a, JobResult result) {
    const std::size_t own = asked[a].job.readings.size();
    std::size_t kept = 0;
    for (std::size_t c = 0; c < asked[a].continuations.size(); ++c) {
      const Continuation& how = asked[a].continuations[c];
      Text text{&asked[a].job, &how, &results[a].texts[c], {}};
      if (!may_turn(config, asked[a].job, how)) text.past = std::move(result.kept[kept++]);
      take(config, result.readings[own + c], text);
      if (!text.ended) texts.push_back(std::move(text));
    }
    result.readings.resize(own);
    result.kept.clear();
    results[a].result = std::move(result);
  };
  Beginnings local;
  engine.run(std::move(jobs), beginnings ? *beginnings : local, {}, begun);
  for (told(); !texts.empty(); told()) {
    jobs.clear();
    for (const Text& text : texts) jobs.push_back(next_job(text));
    engine.run(jobs, [&](std::size_t t, JobResult result) {
      if (texts[t].past) texts[t].past = std::move(result.kept[0]);
      take(config, result.readings[0], texts[t]);
    });
    std::erase_if(texts, [](const Text& text) { return text.ended; });
  }
  return results;
}

}  // namespace tertium
