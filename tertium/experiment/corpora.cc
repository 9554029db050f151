#include "tertium/experiment/corpora.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/item_error.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/unit_runner.h"
#include "tertium/experiment/units.h"
#include "tertium/metrics/corpus_measures.h"
#include "tertium/model/config.h"
#include "tertium/stats/random.h"
#include "tertium/store/store.h"
#include "tertium/tasks/corpus.h"

namespace tertium {
namespace {

constexpr std::string_view kReading = "sentences";

std::string stage_of(const CorpusSpec& spec, const std::string& language) {
  return fmt::format("parallel {} {}: {}", spec.corpus(), language, kReading);
}

/// What a token's state counts for in its sentence's.
double weight(Pooling pooling, std::size_t token, std::size_t tokens) {
  switch (pooling) {
    case Pooling::weighted:
      return static_cast<double>(token + 1);
    case Pooling::mean:
      return 1;
    case Pooling::last:
      break;
  }
  return token + 1 == tokens ? 1 : 0;
}

/// The state of a sentence from those of its tokens, [tokens, width], appended to `pooled`.
void pool(Pooling pooling, std::span<const float> states, std::size_t width, std::vector<float>& pooled) {
  const std::size_t tokens = states.size() / width;
  std::vector<double> sums(width);
  double weights = 0;
  for (std::size_t token = 0; token < tokens; ++token) {
    const double share = weight(pooling, token, tokens);
    if (share == 0) continue;
    weights += share;
    for (std::size_t d = 0; d < width; ++d) sums[d] += share * states[token * width + d];
  }
  for (const double sum : sums) pooled.push_back(static_cast<float>(sum / weights));
}

/// A side's states, [sentences, width], by pooling and by layer: stream indices 0..L, then behind the final norm.
using SideStates = std::vector<std::vector<std::vector<float>>>;

SideStates states_of(const Engine& engine, const CorpusSpec& spec, const PreparedSide& side, Stage& stage) {
  const Config& config = engine.model().config();
  const std::size_t layers = config.layers.size() + 2, width = static_cast<std::size_t>(config.hidden);
  SideStates states(spec.poolings.size(), std::vector<std::vector<float>>(layers));
  std::vector<Job> jobs;
  for (const Question& sentence : side.sentences) {
    const int rows = static_cast<int>(sentence.context.size());
    Job& job = jobs.emplace_back(Job{.name = sentence.name});
    job.strands.push_back({.tokens = sentence.context});
    job.recordings = {{0, 0, rows, Quantity::resid}, {0, 0, rows, Quantity::final_norm}};
  }
  const auto add = [&](std::size_t done, const JobResult& result) {
    const std::span<const float> resid = result.recordings[0], final_norm = result.recordings[1];
    for (std::size_t p = 0; p < spec.poolings.size(); ++p)
      for (std::size_t layer = 0; layer < layers; ++layer)
        pool(spec.poolings[p],
             layer + 1 < layers ? resid.subspan(layer * final_norm.size(), final_norm.size()) : final_norm, width,
             states[p][layer]);
    stage.reached(done + 1);
  };
  engine.run(jobs, add);
  return states;
}

std::vector<Permutation> permutations_of(std::size_t sentences) {
  constexpr std::size_t kPermutations = 100;
  constexpr std::uint64_t kSeed = 42;
  Random random(kSeed);
  std::vector<Permutation> permutations(kPermutations, Permutation(sentences));
  for (Permutation& permutation : permutations) {
    std::iota(permutation.begin(), permutation.end(), std::size_t{0});
    for (std::size_t i = sentences; i > 1; --i) std::swap(permutation[i - 1], permutation[below(random, i)]);
  }
  return permutations;
}

/// What a comparison of two sides added.
struct Compared {
  int rows = 0;
  std::map<std::string, std::size_t> ties;  // by measure
};

/// Stores what two sides give at every layer and pooling.
Compared compare(const CorpusSpec& spec, const std::string& language, std::size_t width, const SideStates& pivot,
                 const SideStates& other, Store& store) {
  Compared compared;
  const std::vector<Permutation> permutations = permutations_of(pivot.front().front().size() / width);
  for (std::size_t p = 0; p < spec.poolings.size(); ++p) {
    const std::size_t layers = pivot[p].size();
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const bool is_stream = layer + 1 < layers;
      for (const CorpusMeasure& measure :
           corpus_measures({pivot[p][layer], width}, {other[p][layer], width}, permutations)) {
        compared.ties[std::string(measure.name)] += measure.ties;
        if (!std::isfinite(measure.value)) continue;
        store.add(CorpusRow{spec.corpus(), language, std::string(to_string(spec.poolings[p])),
                            is_stream ? "resid" : "final_norm", static_cast<int>(is_stream ? layer : layers - 2),
                            std::string(measure.name), measure.value, measure.chance});
        ++compared.rows;
      }
    }
  }
  return compared;
}

/// All sentences of a language are one unit: each is held against all others.
Demand demand_of(const PreparedCorpus& corpus, const PreparedSide& side) {
  Demand demand{.series = {"parallel " + corpus.spec.corpus(), "", side.language, std::string(kAligning), ""},
                .parts = {""},
                .members = {}};
  for (std::size_t i = 0; i < side.sentences.size(); ++i)
    demand.members.push_back(std::to_string(corpus.spec.offset + i));
  demand.key = [&corpus = corpus, &side = side](std::size_t, std::size_t i) {
    Hasher hasher;
    for (const Pooling pooling : corpus.spec.poolings) hasher.add(to_string(pooling));
    return hasher.add(corpus.pivot.sentences[i].context).add(side.sentences[i].context).hex();
  };
  demand.cost = [&side = side](std::size_t i, const auto&) {
    return static_cast<double>(side.sentences[i].context.size());
  };
  demand.together = true;
  return demand;
}

/// A side, and what it was read from.
struct ReadSide {
  PreparedSide side;
  std::filesystem::path path;
  std::size_t all = 0;  // sentences in the whole file
};

ReadSide read_side(const CorpusSpec& spec, const std::string& language, const Tokenizer& tokenizer,
                   const Limits& limits) {
  const std::string& name = name_in_files(spec.files, language);
  const CorpusFile file = corpus_file(spec.data, name, spec.split);
  const std::vector<Sentence> sentences = read_sentences(file, name);
  ReadSide read{{language, {}}, file.path, sentences.size()};
  const std::size_t all = read.all;
  const std::size_t first = std::min(spec.offset, all), count = std::min(spec.limit.value_or(all), all - first);
  if (count < 2)
    fail("{}: {} sentences of {} remain after offset {}; at least two must, so that each has others to be told from",
         read.path.string(), count, language, spec.offset);
  for (std::size_t i = first; i < first + count; ++i) {
    read.side.sentences.push_back({.name = sentences[i].where, .context = encode_prompt(tokenizer, sentences[i].text)});
    demand_fits(read.side.sentences.back(), limits);
  }
  return read;
}

PreparedCorpus prepare_corpus(const CorpusSpec& spec, const std::string& pivot, const Tokenizer& tokenizer,
                              const Limits& limits) {
  ReadSide of_pivot = read_side(spec, pivot, tokenizer, limits);
  PreparedCorpus corpus{.spec = spec, .pivot = std::move(of_pivot.side), .files = {of_pivot.path}};
  for (const std::string& language : spec.languages) {
    ReadSide other = read_side(spec, language, tokenizer, limits);
    if (other.all != of_pivot.all)
      fail("{} has {} sentences, but {} has {}: they are not parallel, line by line", other.path.string(), other.all,
           of_pivot.path.string(), of_pivot.all);
    corpus.others.push_back(std::move(other.side));
    if (std::ranges::find(corpus.files, other.path) == corpus.files.end()) corpus.files.push_back(other.path);
  }
  return corpus;
}

}  // namespace

std::vector<PreparedCorpus> prepare_corpora(const Experiment& experiment, const Tokenizer& tokenizer,
                                            const Limits& limits) {
  std::vector<PreparedCorpus> corpora;
  for (const CorpusSpec& spec : experiment.corpora)
    corpora.push_back(prepare_corpus(spec, experiment.pivot, tokenizer, limits));
  return corpora;
}

std::vector<std::string> corpus_stages(const PreparedCorpus& corpus) {
  std::vector<std::string> stages = {stage_of(corpus.spec, corpus.pivot.language)};
  for (const PreparedSide& other : corpus.others) stages.push_back(stage_of(corpus.spec, other.language));
  return stages;
}

void run_corpora(const std::vector<PreparedCorpus>& corpora, const Engine& engine, Store& store,
                 const Progress& progress, const RunControl& control, RunOutcome& outcome) try {
  const std::size_t width = engine.model().config().hidden;
  const UnitPlanner planner(control.fingerprint, 1, control.known_in(store));
  UnitRunner runner(store, engine.model(), planner, control, outcome);
  for (const PreparedCorpus& corpus : corpora) {
    const auto stage_for = [&](const PreparedSide& side) {
      return Stage(stage_of(corpus.spec, side.language), side.sentences.size(), store, progress);
    };
    std::optional<SideStates> pivot;  // once some language needs them
    const auto states_of_pivot = [&] {
      Stage stage = stage_for(corpus.pivot);
      try {
        SideStates states = states_of(engine, corpus.spec, corpus.pivot, stage);
        stage.end();
        return states;
      } catch (const ItemError& error) {  // which every language would meet
        throw Error(error.what());
      }
    };
    for (const PreparedSide& side : corpus.others) {
      const Demand demand = demand_of(corpus, side);
      const WorkPlan plan = planner.plan(demand);
      for (const UnitRow& old : plan.outdated) store.remove_unit(old.id);
      Stage own = stage_for(side);
      const bool whole = runner.run(demand, plan, own, [&](const Work&, Tally& tally, const auto&) {
        if (!pivot) pivot = states_of_pivot();
        const SideStates other = states_of(engine, corpus.spec, side, own);
        store.remove_corpora(corpus.spec.corpus(), side.language);
        const Compared compared = compare(corpus.spec, side.language, width, *pivot, other, store);
        tally.rows[0] += compared.rows;
        for (const auto& [measure, count] : compared.ties) {
          tally.ties[0] += static_cast<int>(count);
          if (count > 0)
            store.set_info(fmt::format("ties parallel {} {} {}", corpus.spec.corpus(), side.language, measure),
                           std::to_string(count));
        }
      });
      if (whole) own.end();
    }
    store.set_info(kSentences + corpus.spec.corpus(), std::to_string(corpus.pivot.sentences.size()));
  }
  store.commit();
} catch (const Stopped&) {
  outcome.stopped = true;
}

void count_corpora(const std::vector<PreparedCorpus>& corpora, const Store& store, const RunControl& control,
                   UnitCount& count) {
  const UnitPlanner planner(control.fingerprint, 1, control.known_in(store));
  for (const PreparedCorpus& corpus : corpora)
    for (const PreparedSide& side : corpus.others) count.add(planner.plan(demand_of(corpus, side)));
}

}  // namespace tertium
