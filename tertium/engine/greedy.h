#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

class Beginnings;
class Engine;

/// How a text is gone on with.
struct Continuation {
  struct Everywhere {
    Site site;
    Change change;
  };

  int strand = 0;  // of its job; its last row predicts the first token
  int most = 0;    // tokens
  /// Done to every generated row, in this order. What the job's own rows become stays as it is.
  std::vector<Everywhere> everywhere;
  /// Whether a text is whole; asked with all tokens so far after each one. Null: only the model ends it.
  std::function<bool(std::span<const std::int32_t>)> ends;
};

/// What a model went on with.
struct Continued {
  enum class Stop {
    end_token,  // one of the model's end tokens, which is not among `tokens`
    text,       // Continuation::ends
    length,     // Continuation::most
  };

  std::vector<std::int32_t> tokens;
  Stop stop = Stop::length;
  float lead = 0;  // the smallest by which the logit of a chosen token, the end token too, led the next
};

/// A job, and what in it is gone on with. Its readings and recordings are its own; it keeps nothing.
struct ContinuedJob {
  Job job;
  std::vector<Continuation> continuations;
};

/// What such a job yields, and its texts.
struct ContinuedResult {
  JobResult result;
  std::vector<Continued> texts;  // one a continuation
};

/// Goes on with each by the likeliest token, the first of equals, all of them together, each until it stops. Only new
/// rows are computed: they see the kept keys and values of those before them. Where a rope turns all rows by the
/// sequence's length, and it may change on the way, each token computes the sequence anew instead; branches cannot.
/// Throws Error naming the job if it and its text may exceed the model's context. `progress(texts that have ended)`.
/// Prompts begin as `beginnings` knows them, if it is given.
std::vector<ContinuedResult> continue_greedily(const Engine& engine, std::span<const ContinuedJob> jobs,
                                               const std::function<void(std::size_t)>& progress = {},
                                               Beginnings* beginnings = nullptr);

}  // namespace tertium
