#include "tertium/experiment/repair_run.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/scoring.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"
#include "tertium/patching/ablation.h"
#include "tertium/patching/noise.h"
#include "tertium/patching/place.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"
#include "tertium/repair/linear_map.h"

namespace tertium {
namespace {

constexpr std::size_t kFewest = 10, kFolds = 5;
constexpr double kMapBytes = 512 << 20;  // that fitted maps may take at a time
constexpr char kPivot[] = "pivot";

std::vector<int> repaired_blocks(const RepairSpec& spec, const Config& config) {
  return chosen_or_all(spec.blocks, config.block_count(), "repair.blocks", "block");
}

std::vector<float> random_of_norm(std::size_t count, double size, std::uint64_t seed) {
  std::vector<float> values(count);
  fill_with_noise(values, size, seed);
  return values;
}

Change change_of(const FittedRepair& repair, double alpha) {
  return {.values = repair.values,
          .operation = repair.is_map ? Operation::map : Operation::add,
          .dose = static_cast<float>(alpha),
          .renormed = repair.everywhere};
}

std::vector<float> rows_of(const std::vector<float>& all, const std::vector<std::size_t>& members, std::size_t width) {
  std::vector<float> rows;
  rows.reserve(members.size() * width);
  for (const std::size_t member : members)
    rows.insert(rows.end(), all.begin() + static_cast<std::ptrdiff_t>(member * width),
                all.begin() + static_cast<std::ptrdiff_t>((member + 1) * width));
  return rows;
}

}  // namespace

RepairParts repair_parts(const RepairSpec& spec, const TaskSpec& task, const std::vector<Item>& items) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  const auto place = [&](std::size_t i) { return stable_hash(spec.seed, {"repair", task.name, items[i].id}); };
  std::ranges::sort(order, {}, place);
  const auto fit = static_cast<std::size_t>(std::lround(spec.fit * static_cast<double>(items.size())));
  RepairParts parts{{order.begin(), order.begin() + static_cast<std::ptrdiff_t>(fit)},
                    {order.begin() + static_cast<std::ptrdiff_t>(fit), order.end()}};
  if (parts.fit.size() < kFewest || parts.test.size() < kFewest)
    fail("{}: [repair] fits on {} items and tries on {}; each takes {} or more: ask more items, or change repair.fit",
         task.name, parts.fit.size(), parts.test.size(), kFewest);
  return parts;
}

namespace {

const PreparedCorpus& corpus_named(const RepairSpec& spec, const std::vector<PreparedCorpus>& corpora) {
  for (const PreparedCorpus& corpus : corpora)
    if (corpus.spec.corpus() == spec.corpus) return corpus;
  throw std::logic_error("a corpus that the experiment does not read: " + spec.corpus);
}

/// Null if the corpus lacks it.
const PreparedSide* side_named(const PreparedCorpus& corpus, const std::string& language) {
  if (corpus.pivot.language == language) return &corpus.pivot;
  for (const PreparedSide& side : corpus.others)
    if (side.language == language) return &side;
  return nullptr;
}

std::vector<const Question*> texts_of(const std::vector<Question>& questions) {
  std::vector<const Question*> texts;
  for (const Question& question : questions) texts.push_back(&question);
  return texts;
}

}  // namespace

void demand_repairable(const RepairSpec& spec, const std::vector<PreparedTask>& tasks,
                       const std::vector<PreparedCorpus>& corpora, const Config& config) {
  (void)repaired_blocks(spec, config);
  for (const PreparedTask& task : tasks) {
    if (!task.others.empty()) repair_parts(spec, task.spec, task.pivot.items);
    if (spec.corpus.empty()) continue;
    const PreparedCorpus& corpus = corpus_named(spec, corpora);
    if (corpus.pivot.sentences.size() < kFewest)
      fail("repair.corpus: {} has {} sentences; fitting takes {} or more", printable(spec.corpus),
           corpus.pivot.sentences.size(), kFewest);
    for (const PreparedLanguage& language : task.others)
      if (!side_named(corpus, language.language))
        fail("repair.corpus: {} has no {}, which {} asks; add it to the languages of that parallel task",
             printable(spec.corpus), printable(language.language), task.spec.name);
  }
}

FittedTexts fitted_texts(const RepairSpec& spec, const TaskSpec& task, const std::vector<PreparedCorpus>& corpora,
                         const PreparedLanguage& pivot, const PreparedLanguage& other,
                         const PreparedLanguage* control) {
  if (!spec.corpus.empty()) {
    const PreparedCorpus& corpus = corpus_named(spec, corpora);
    const auto of = [&](const PreparedLanguage& language) {
      const PreparedSide* side = side_named(corpus, language.language);
      if (!side) throw std::logic_error("a corpus without a language that was demanded of it");
      return texts_of(side->sentences);
    };
    return {of(pivot), of(other), control ? of(*control) : std::vector<const Question*>{}, false};
  }
  FittedTexts texts;
  for (const std::size_t item : repair_parts(spec, task, pivot.items).fit) {
    texts.pivot.push_back(&pivot.questions[item]);
    texts.other.push_back(&other.questions[item]);
    if (control) texts.control.push_back(&control->questions[item]);
  }
  return texts;
}

LanguageRepairs::LanguageRepairs(const Engine& engine, const RepairSpec& spec, const TaskSpec& task,
                                 const PreparedLanguage& pivot, const PreparedLanguage& other, FittedTexts fitted,
                                 double most_rows)
    : engine_(engine),
      spec_(spec),
      task_(task),
      pivot_(pivot),
      other_(other),
      fitted_(std::move(fitted)),
      most_rows_(most_rows),
      parts_(repair_parts(spec, task, pivot.items)),
      blocks_(repaired_blocks(spec, engine.model().config())) {}

const LanguageRepairs::States& LanguageRepairs::states(const Texts& texts) {
  const auto [found, is_new] = states_.try_emplace(&texts);
  States& states = found->second;
  if (!is_new) return states;
  const auto width = static_cast<std::size_t>(engine_.model().config().hidden);
  const auto blocks = static_cast<std::size_t>(engine_.model().config().block_count());
  states.last.assign(blocks, std::vector<float>(texts.size() * width));
  states.mean = states.last;
  std::vector<Job> jobs;
  for (const Question* text : texts)
    jobs.push_back({.name = text->name,
                    .strands = {{.tokens = text->context}},
                    .recordings = {{0, 0, static_cast<int>(text->context.size()), Quantity::resid}}});
  engine_.run(jobs, [&](std::size_t n, const JobResult& result) {
    const std::size_t rows = texts[n]->context.size(), first = rows > 1 ? 1 : 0;
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::span<const float> all = std::span(result.recordings[0]).subspan((b + 1) * rows * width, rows * width);
      std::ranges::copy(all.last(width), states.last[b].begin() + static_cast<std::ptrdiff_t>(n * width));
      std::vector<double> sum(width);
      for (std::size_t row = first; row < rows; ++row)
        for (std::size_t i = 0; i < width; ++i) sum[i] += all[row * width + i];
      for (std::size_t i = 0; i < width; ++i)
        states.mean[b][n * width + i] = static_cast<float>(sum[i] / static_cast<double>(rows - first));
    }
  });
  return states;
}

FittedRepair LanguageRepairs::fit(const std::string& kind, int block, const std::vector<std::size_t>& members,
                                  const Texts& from, bool shuffled) {
  const auto width = static_cast<std::size_t>(engine_.model().config().hidden);
  const bool recover = kind == "recover";
  const auto of = [&](const Texts& texts, const std::vector<std::size_t>& which) {
    const States& all = states(texts);
    return rows_of((recover ? all.mean : all.last)[block], which, width);
  };
  std::vector<std::size_t> partners = members;
  if (shuffled)
    std::ranges::sort(partners, {}, [&](std::size_t member) {
      const std::string id =
          fitted_.are_items ? pivot_.items[parts_.fit[member]].id : fmt::format("sentence {}", member);
      return stable_hash(spec_.seed, {"shuffled", other_.language, id});
    });
  const std::vector<float> x = of(from, members), y = of(fitted_.pivot, partners);
  const StatePairs pairs{x, y, width};
  if (recover || kind == "mean_shift") return {fit_mean_shift(pairs), false, recover};
  LinearMap map =
      kind == "procrustes" ? fit_procrustes(pairs) : fit_least_squares(pairs, kind == "low_rank" ? spec_.rank : 0);
  map.weight.insert(map.weight.end(), map.bias.begin(), map.bias.end());
  return {std::move(map.weight), true, false};
}

FittedRepair LanguageRepairs::random_like(const FittedRepair& repair, const std::string& name) const {
  const auto width = static_cast<std::size_t>(engine_.model().config().hidden);
  const std::uint64_t seed = stable_hash(spec_.seed, {"random", task_.name, other_.language, name});
  if (!repair.is_map) return {random_of_norm(width, norm(repair.values), seed), false, repair.everywhere};
  // A map moves x by x (W − I) + b: both parts keep their size.
  std::vector<float> moves(repair.values.begin(), repair.values.begin() + static_cast<std::ptrdiff_t>(width * width));
  for (std::size_t i = 0; i < width; ++i) moves[i * width + i] -= 1;
  std::vector<float> values = random_of_norm(width * width, norm(moves), seed);
  for (std::size_t i = 0; i < width; ++i) values[i * width + i] += 1;
  const std::vector<float> bias =
      random_of_norm(width, norm(std::span(repair.values).subspan(width * width)), seed + 1);
  values.insert(values.end(), bias.begin(), bias.end());
  return {std::move(values), true, false};
}

std::vector<TextStates> LanguageRepairs::pivot_statements(std::size_t item) const {
  const ItemJob asked = item_job(pivot_, item, {.quantities = {}, .positions = {}, .statements = true});
  return read_result(asked, pivot_.questions[item], engine_.model().config(), engine_.run(asked.job)).statements;
}

void LanguageRepairs::score(
    const PreparedLanguage& language, const std::vector<std::size_t>& items, const std::vector<At>& ats,
    const std::function<void(std::size_t item, std::size_t at, std::vector<double> scores)>& scored) const {
  const int blocks = engine_.model().config().block_count();
  struct Asked {
    std::size_t item, at;
    AskedStrands strands;
  };
  std::vector<Job> jobs;
  std::vector<std::vector<Asked>> asked;
  double rows = 0;
  const auto flush = [&] {
    engine_.run(jobs, [&](std::size_t j, const JobResult& result) {
      for (const Asked& one : asked[j])
        scored(one.item, one.at, option_scores(language.questions[one.item], one.strands, result));
    });
    jobs.clear(), asked.clear(), rows = 0;
  };
  for (const std::size_t item : items) {
    const Question& question = language.questions[item];
    AskedStrands clean{};
    for (std::size_t a = 0; a < ats.size(); ++a) {
      if (a == 0 || jobs.back().rows() > most_rows_) {
        if (a > 0) rows += jobs.back().rows();
        jobs.push_back({.name = question.name});
        asked.emplace_back();
        clean = ask(jobs.back(), question, /*whole_options=*/false);
      }
      Job& job = jobs.back();
      const FittedRepair& repair = *ats[a].repair;
      const int context = static_cast<int>(question.context.size());
      const int first = repair.everywhere && context > 1 ? 1 : question.last_row();
      const AskedStrands strands =
          ask_branched(job, question, clean, first, ats[a].block + 1, blocks, /*options_change=*/repair.everywhere);
      const Site site{SiteKind::resid_post, ats[a].block};
      const Change change = change_of(repair, ats[a].alpha);
      job.interventions.push_back({strands.context, 0, site, change, context - first});
      for (const int option : strands.options)
        if (repair.everywhere && option >= 0)
          job.interventions.push_back({option, 0, site, change, job.strands[option].rows()});
      asked.back().push_back({item, a, strands});
    }
    rows += jobs.back().rows();
    if (rows > most_rows_) flush();
  }
  flush();
}

std::vector<std::vector<TextStates>> LanguageRepairs::statements(std::size_t item, const std::vector<At>& ats) const {
  const ItemJob asked = item_job(other_, item, {.quantities = {}, .positions = {}, .statements = true});
  std::set<int> contexts = {asked.asked.context};  // whose last rows are repaired
  for (std::size_t t = 0; t < asked.texts.size(); ++t)
    if (const auto& prefix = asked.job.strands[asked.job.recordings[2 * t].strand].prefix)
      contexts.insert(prefix->strand);
  Job job = asked.job;
  const CleanPart clean(job);
  for (const At& at : ats) {
    const Site site{SiteKind::resid_post, at.block};
    const Change change = change_of(*at.repair, at.alpha);
    add_again(job, clean, at.block + 1, [&](int strand, int of) {
      if (at.repair->everywhere)
        everywhere(job, strand, site, change, FirstToken::left_out);
      else if (contexts.contains(of))
        job.interventions.push_back({strand, job.strands[strand].rows() - 1, site, change});
    });
  }
  JobResult result = engine_.run(job);
  std::vector<std::vector<TextStates>> statements;
  for (std::size_t a = 0; a < ats.size(); ++a)
    statements.push_back(
        read_result(asked, other_.questions[item], engine_.model().config(), take_part(result, clean, a + 1))
            .statements);
  return statements;
}

ChosenRepair LanguageRepairs::run(const std::string& kind, const std::function<void(const RepairedRun&)>& ran,
                                  const std::function<void(const RepairedStatements&)>& aligned,
                                  const std::function<void(std::size_t done, std::size_t of)>& reached) {
  const auto width = static_cast<double>(engine_.model().config().hidden);
  const bool is_map = kind != "mean_shift" && kind != "recover";
  const auto at_once =
      std::max<std::size_t>(1, is_map ? static_cast<std::size_t>(kMapBytes / (4 * width * width)) : blocks_.size());
  const std::size_t all = parts_.fit.size() + parts_.test.size();
  std::size_t done = 0;

  std::map<std::pair<int, double>, double> margins;  // summed over fitted items, by block and alpha
  std::vector<std::size_t> everyone(fitted_.pivot.size());
  std::iota(everyone.begin(), everyone.end(), 0);
  const std::size_t folds = fitted_.are_items ? kFolds : 1;  // what sentences are fitted on is not among the items
  for (std::size_t fold = 0; fold < folds; ++fold) {
    std::vector<std::size_t> kept, held;  // of the fitted texts, and items
    if (!fitted_.are_items) kept = everyone, held = parts_.fit;
    for (std::size_t i = 0; fitted_.are_items && i < parts_.fit.size(); ++i) {
      if (i % kFolds == fold)
        held.push_back(parts_.fit[i]);
      else
        kept.push_back(i);
    }
    for (std::size_t first = 0; first < blocks_.size(); first += at_once) {
      std::vector<FittedRepair> fitted;
      std::vector<At> ats;
      const std::size_t end = std::min(first + at_once, blocks_.size());
      for (std::size_t b = first; b < end; ++b) fitted.push_back(fit(kind, blocks_[b], kept, fitted_.other, false));
      for (std::size_t b = first; b < end; ++b)
        for (const double alpha : spec_.alphas) ats.push_back({blocks_[b], alpha, &fitted[b - first]});
      score(other_, held, ats, [&](std::size_t item, std::size_t a, std::vector<double> scores) {
        margins[{ats[a].block, ats[a].alpha}] +=
            margin(compared(other_.questions[item], scores), other_.items[item].gold);
        ran({item, ats[a].block, ats[a].alpha, false, kMain, std::move(scores)});
      });
    }
    reached(done += held.size(), all);
  }
  const auto best = std::ranges::max_element(margins, {}, [](const auto& one) { return one.second; })->first;

  ChosenRepair chosen{fit(kind, best.first, everyone, fitted_.other, false), best.first, best.second};
  std::vector<std::pair<const char*, FittedRepair>> tried = {{kMain, chosen.repair}};
  for (const std::string& control : spec_.controls) {
    if (control == "random") tried.emplace_back("random", random_like(chosen.repair, kind));
    // Shuffling pairs changes no mean.
    if (control == "shuffled" && is_map)
      tried.emplace_back("shuffled", fit(kind, best.first, everyone, fitted_.other, true));
    if (control == "other_language" && !fitted_.control.empty())
      tried.emplace_back("other_language", fit(kind, best.first, everyone, fitted_.control, false));
  }
  std::vector<At> ats;
  for (const auto& [control, repair] : tried) ats.push_back({best.first, best.second, &repair});
  score(other_, parts_.test, ats, [&](std::size_t item, std::size_t a, std::vector<double> scores) {
    ran({item, best.first, best.second, true, tried[a].first, std::move(scores)});
  });
  score(pivot_, parts_.test, {ats.front()}, [&](std::size_t item, std::size_t, std::vector<double> scores) {
    ran({item, best.first, best.second, true, kPivot, std::move(scores)});
  });
  for (const std::size_t item : aligned ? parts_.test : std::vector<std::size_t>{}) {
    const std::vector<TextStates> clean = pivot_statements(item);
    const std::vector<std::vector<TextStates>> repaired = statements(item, ats);
    for (std::size_t a = 0; a < ats.size(); ++a)
      aligned({item, best.first, best.second, tried[a].first, clean, repaired[a]});
  }
  reached(all, all);
  return chosen;
}

void write_repair(const std::filesystem::path& file, const ChosenRepair& chosen, int width,
                  const std::map<std::string, std::string>& provenance) {
  const auto bytes = std::as_bytes(std::span(chosen.repair.values));
  if (!chosen.repair.is_map) return write_safetensors(file, {{"vector", DType::F32, {width}, bytes}}, provenance);
  const auto matrix = static_cast<std::size_t>(width) * static_cast<std::size_t>(width) * sizeof(float);
  write_safetensors(file,
                    {{"bias", DType::F32, {width}, bytes.subspan(matrix)},
                     {"weight", DType::F32, {width, width}, bytes.first(matrix)}},
                    provenance);
}

double repair_rows(const RepairSpec& spec, const Question& question, const Config& config) {
  const double blocks = spec.blocks ? static_cast<double>(spec.blocks->size()) : config.block_count();
  double options = 0;
  if (question.protocol == Protocol::loglik)
    for (const std::vector<TokenId>& option : question.options) options += static_cast<double>(option.size() - 1);
  // A run for each block and alpha joins half way up on the average.
  return 3 * static_cast<double>(question.context.size()) +
         blocks * static_cast<double>(spec.alphas.size()) * (1 + options) / 2;
}

}  // namespace tertium
