#pragma once

#include <functional>
#include <span>
#include <vector>

#include "tertium/patching/activations.h"
#include "tertium/protocols/asking.h"

namespace tertium {

class Beginnings;
class Engine;
struct PreparedLanguage;  // experiment/run.h
struct StatementCosines;  // metrics/metric.h

/// The last-token states of one text: the stream by index 0..L, then behind the final norm.
struct TextStates {
  std::vector<float> resid;       // [L + 1, D]
  std::vector<float> final_norm;  // [D]

  /// Layer index 0..L of the stream, or L + 1 for the final norm.
  std::span<const float> at(std::size_t index) const {
    const std::size_t width = final_norm.size();
    return index * width < resid.size() ? std::span(resid).subspan(index * width, width)
                                        : std::span<const float>(final_norm);
  }
};

/// What one clean run of an item yields.
struct ItemRun {
  std::vector<double> scores;          // [n_options]
  Activations activations;             // of the context, as wanted: what patches put in
  std::vector<TextStates> statements;  // [n_options]; empty unless asked for
  TextStates premise;                  // empty unless asked for
  std::vector<float> answer_stream;    // [L + 1, D] at the row that predicts the answer; empty unless asked for
};

/// What to record beside the scores.
struct Wanted {
  std::vector<Quantity> quantities;    // kept for patches …
  std::vector<std::string> positions;  // … at the rows of these
  bool statements = false;
  bool premise = false;
  bool answer_stream = false;
};

/// One item's job, and how to read its result.
struct ItemJob {
  Job job;
  AskedStrands asked;
  std::vector<TextStates ItemRun::*>
      texts;                   // where each recorded text's states go; null: they are the next statement's
  Kept kept;                   // recorded behind the texts …
  bool answer_stream = false;  // … and behind that
};
ItemJob item_job(const PreparedLanguage& language, std::size_t item, const Wanted& wanted);
ItemRun read_result(const ItemJob& item, const Question& question, const Config& config, JobResult result);

/// What of an item's clean run is kept for patches: the rows of all positions that it has.
Kept kept_of(const Question& question, const Wanted& wanted);

/// Scores some items of a language, each in one job: the question, and the statements and the premise where they are
/// wanted. `scored` is given each, in order. Prompts begin as `beginnings` knows them, and those of the items for which
/// `keeps` says so are known to it afterwards, where memory allows.
void run_some(const Engine& engine, const PreparedLanguage& language, std::span<const std::size_t> items,
              const Wanted& wanted, const std::function<void(std::size_t item, ItemRun run)>& scored,
              Beginnings* beginnings = nullptr, const std::function<bool(std::size_t item)>& keeps = {});

/// All items.
std::vector<ItemRun> run_items(const Engine& engine, const PreparedLanguage& language, const Wanted& wanted,
                               const std::function<void(std::size_t item, const ItemRun& run)>& scored = {});

/// What metrics of items compare at one layer (an index as TextStates::at takes it): the states of one item's
/// statements.
StatementCosines statement_cosines(const std::vector<TextStates>& pivot, const std::vector<TextStates>& other,
                                   std::size_t index);

/// The rows that an item's clean run takes; those beyond what it shares with the item before it, if one is given.
int rows_of(const Question& question, const Question* before = nullptr);

}  // namespace tertium
