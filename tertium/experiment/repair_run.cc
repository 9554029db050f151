#include "tertium/experiment/repair_run.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/scoring.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"
#include "tertium/patching/noise.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"
#include "tertium/repair/linear_map.h"

namespace tertium {
namespace {

constexpr std::size_t kFewest = 10, kFolds = 5;
constexpr double kMapBytes = 512 << 20;  // that fitted maps may take at a time
constexpr char kMain[] = "main", kPivot[] = "pivot";

std::vector<float> random_of_norm(std::size_t count, double size, std::uint64_t seed) {
  std::vector<float> values(count);
  fill_with_noise(values, size, seed);
  return values;
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

void demand_repairable(const RepairSpec& spec, const std::vector<PreparedTask>& tasks, const Config& config) {
  const int count = config.block_count();
  if (spec.blocks && spec.blocks->back() >= count)
    fail("repair.blocks: {} is no block of a model with {}", spec.blocks->back(), count);
  for (const PreparedTask& task : tasks)
    if (!task.others.empty()) repair_parts(spec, task.spec, task.pivot.items);
}

LanguageRepairs::LanguageRepairs(const Engine& engine, const RepairSpec& spec, const TaskSpec& task,
                                 const PreparedLanguage& pivot, const PreparedLanguage& other,
                                 const PreparedLanguage* control, double most_rows)
    : engine_(engine),
      spec_(spec),
      task_(task),
      pivot_(pivot),
      other_(other),
      control_(control),
      most_rows_(most_rows),
      parts_(repair_parts(spec, task, pivot.items)),
      blocks_(spec.blocks.value_or(std::vector<int>(engine.model().config().block_count()))) {
  if (!spec.blocks) std::iota(blocks_.begin(), blocks_.end(), 0);
}

const LanguageRepairs::States& LanguageRepairs::states(const PreparedLanguage& language) {
  const auto [found, is_new] = states_.try_emplace(&language);
  States& states = found->second;
  if (!is_new) return states;
  const auto width = static_cast<std::size_t>(engine_.model().config().hidden);
  const auto blocks = static_cast<std::size_t>(engine_.model().config().block_count());
  states.last.assign(blocks, std::vector<float>(parts_.fit.size() * width));
  states.mean = states.last;
  std::size_t n = 0;
  run_some(engine_, language, parts_.fit, {.quantities = {Quantity::resid}, .positions = {"all"}},
           [&](std::size_t item, const ItemRun& run) {
             const int rows = static_cast<int>(language.questions[item].context.size());
             const int first = rows > 1 ? 1 : 0;
             for (std::size_t b = 0; b < blocks; ++b) {
               const int index = static_cast<int>(b) + 1;
               std::ranges::copy(run.activations.of(Quantity::resid, index, rows - 1),
                                 states.last[b].begin() + static_cast<std::ptrdiff_t>(n * width));
               std::vector<double> sum(width);
               for (int row = first; row < rows; ++row) {
                 const std::span<const float> state = run.activations.of(Quantity::resid, index, row);
                 for (std::size_t i = 0; i < width; ++i) sum[i] += state[i];
               }
               for (std::size_t i = 0; i < width; ++i)
                 states.mean[b][n * width + i] = static_cast<float>(sum[i] / (rows - first));
             }
             ++n;
           });
  return states;
}

FittedRepair LanguageRepairs::fit(const std::string& kind, int block, const std::vector<std::size_t>& members,
                                  const PreparedLanguage& from, bool shuffled) {
  const auto width = static_cast<std::size_t>(engine_.model().config().hidden);
  const bool recover = kind == "recover";
  const auto of = [&](const PreparedLanguage& language, const std::vector<std::size_t>& which) {
    const States& all = states(language);
    return rows_of((recover ? all.mean : all.last)[block], which, width);
  };
  std::vector<std::size_t> partners = members;
  if (shuffled)
    std::ranges::sort(partners, {}, [&](std::size_t member) {
      return stable_hash(spec_.seed, {"shuffled", other_.language, pivot_.items[parts_.fit[member]].id});
    });
  const std::vector<float> x = of(from, members), y = of(pivot_, partners);
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
      const Change change{.values = repair.values,
                          .operation = repair.is_map ? Operation::map : Operation::add,
                          .dose = static_cast<float>(ats[a].alpha),
                          .renormed = repair.everywhere};
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

ChosenRepair LanguageRepairs::run(const std::string& kind, const std::function<void(const RepairedRun&)>& ran,
                                  const std::function<void(std::size_t done, std::size_t of)>& reached) {
  const auto width = static_cast<double>(engine_.model().config().hidden);
  const bool is_map = kind != "mean_shift" && kind != "recover";
  const auto at_once =
      std::max<std::size_t>(1, is_map ? static_cast<std::size_t>(kMapBytes / (4 * width * width)) : blocks_.size());
  const std::size_t all = parts_.fit.size() + parts_.test.size();
  std::size_t done = 0;

  std::map<std::pair<int, double>, double> margins;  // summed over fitted items, by block and alpha
  for (std::size_t fold = 0; fold < kFolds; ++fold) {
    std::vector<std::size_t> kept, held;  // of parts_.fit: numbers, and items
    for (std::size_t i = 0; i < parts_.fit.size(); ++i) {
      if (i % kFolds == fold)
        held.push_back(parts_.fit[i]);
      else
        kept.push_back(i);
    }
    for (std::size_t first = 0; first < blocks_.size(); first += at_once) {
      std::vector<FittedRepair> fitted;
      std::vector<At> ats;
      const std::size_t end = std::min(first + at_once, blocks_.size());
      for (std::size_t b = first; b < end; ++b) fitted.push_back(fit(kind, blocks_[b], kept, other_, false));
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

  std::vector<std::size_t> everyone(parts_.fit.size());
  std::iota(everyone.begin(), everyone.end(), 0);
  ChosenRepair chosen{fit(kind, best.first, everyone, other_, false), best.first, best.second};
  std::vector<std::pair<const char*, FittedRepair>> tried = {{kMain, chosen.repair}};
  for (const std::string& control : spec_.controls) {
    if (control == "random") tried.emplace_back("random", random_like(chosen.repair, kind));
    // Shuffling pairs changes no mean.
    if (control == "shuffled" && is_map) tried.emplace_back("shuffled", fit(kind, best.first, everyone, other_, true));
    if (control == "other_language" && control_)
      tried.emplace_back("other_language", fit(kind, best.first, everyone, *control_, false));
  }
  std::vector<At> ats;
  for (const auto& [control, repair] : tried) ats.push_back({best.first, best.second, &repair});
  score(other_, parts_.test, ats, [&](std::size_t item, std::size_t a, std::vector<double> scores) {
    ran({item, best.first, best.second, true, tried[a].first, std::move(scores)});
  });
  score(pivot_, parts_.test, {ats.front()}, [&](std::size_t item, std::size_t, std::vector<double> scores) {
    ran({item, best.first, best.second, true, kPivot, std::move(scores)});
  });
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
