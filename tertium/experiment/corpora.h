#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/experiment/experiment.h"
#include "tertium/protocols/question.h"

namespace tertium {

class Engine;
struct RunControl;  // experiment/run.h
struct RunOutcome;
class Store;
struct UnitCount;

/// One language's sentences as the model reads them; a sentence is a question's context.
struct PreparedSide {
  std::string language;
  std::vector<Question> sentences;
};

/// A parallel corpus, every side with as many sentences. Nothing has run yet.
struct PreparedCorpus {
  CorpusSpec spec;
  PreparedSide pivot;
  std::vector<PreparedSide> others;
  std::vector<std::filesystem::path> files;  // each once
};

/// Reads and encodes the experiment's corpora. Throws Error naming file and line, also where two files of a corpus hold
/// different numbers of sentences.
std::vector<PreparedCorpus> prepare_corpora(const Experiment& experiment, const Tokenizer& tokenizer,
                                            const Limits& limits);

/// The stages of run_corpora (stages.h).
std::vector<std::string> corpus_stages(const PreparedCorpus& corpus);

/// Runs every sentence once, and stores how near the sides are by pooling, layer and measure
/// (metrics/corpus_measures.h). A language is one unit (units.h); those that are done are passed over. What is
/// undefined is left out.
void run_corpora(const std::vector<PreparedCorpus>& corpora, const Engine& engine, Store& store,
                 const Progress& progress, const RunControl& control, RunOutcome& outcome);

/// Adds how many of their units are done, and how many there are.
void count_corpora(const std::vector<PreparedCorpus>& corpora, const Store& store, const RunControl& control,
                   UnitCount& count);

}  // namespace tertium
