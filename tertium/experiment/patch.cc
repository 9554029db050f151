#include "tertium/experiment/patch.h"

#include <algorithm>
#include <deque>
#include <set>

#include "tertium/base/hash.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/model/config.h"
#include "tertium/patching/sweep.h"

namespace tertium {
namespace {

// Recipients are run together until they have so many rows: many passes, so that a last half-full one costs little,
// and yet few enough that what controls make of activations fits in memory.
constexpr int kRowsTogether = 32'768;

bool is_averaged(const Lineup& lineup, std::size_t item) { return std::ranges::binary_search(lineup.averaged, item); }

/// Makes what patched runs put in.
class Mixer {
 public:
  Mixer(const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair, const CleanPair& clean,
        const MeansPair& means)
      : menu_(menu), lineup_(lineup), pair_(pair), clean_(clean), means_(means) {}

  Patch patch(const PatchedRun& run) {
    const PatchedRows rows = patched_rows(menu_, lineup_, pair_, run);
    Patch patch;
    for (const Site site : run.place->sites())
      for (std::size_t i = 0; i < rows.into.size(); ++i)
        patch.values.push_back({rows.into[i], site, value(run, site, rows, i)});
    // Rows behind the prompt have no counterpart in the donor's run, but may be moved as the prompt's are.
    if (menu_.spec.positions[run.place->position] == "everywhere" && run.control->control->takes_means)
      for (const Site site : run.place->sites())
        patch.behind.push_back({site, {.values = shift(run, site, rows), .operation = Operation::add}});
    return patch;
  }

  /// Forgets what was made.
  void clear() { made_.clear(); }

 private:
  const Activations& giver(const PatchedRun& run) const {
    const Side recipient = lineup_.direction->recipient();
    const Side side = run.control->control->language == DonorLanguage::donor ? lineup_.direction->donor : recipient;
    return *clean_.at(side).activations[run.donor];
  }

  std::span<const float> value(const PatchedRun& run, Site site, const PatchedRows& rows, std::size_t i) {
    const Control& control = *run.control->control;
    const std::span<const float> donor = giver(run).at(site, rows.from[i]);
    if (!control.blend) return donor;
    const Activations& recipient = *clean_.at(lineup_.direction->recipient()).activations[run.recipient];
    std::vector<float> donor_mean, recipient_mean;
    if (control.takes_means) {
      donor_mean = mean(lineup_.direction->donor, run, site, rows, i);
      recipient_mean = mean(lineup_.direction->recipient(), run, site, rows, i);
    }
    std::vector<float>& made = made_.emplace_back(donor.size());
    control.blend({.own = recipient.at(site, rows.into[i]),
                   .donor = donor,
                   .donor_mean = donor_mean,
                   .recipient_mean = recipient_mean,
                   .dose = run.control->dose,
                   .seed = seed(run, site, i)},
                  made);
    return made;
  }

  /// The donor language's mean less the recipient's.
  std::span<const float> shift(const PatchedRun& run, Site site, const PatchedRows& rows) {
    std::vector<float> shift = mean(lineup_.direction->donor, run, site, rows, 0);
    const std::vector<float> from = mean(lineup_.direction->recipient(), run, site, rows, 0);
    for (std::size_t k = 0; k < shift.size(); ++k) shift[k] -= from[k];
    return made_.emplace_back(std::move(shift));
  }

  std::vector<float> mean(Side side, const PatchedRun& run, Site site, const PatchedRows& rows, std::size_t i) const {
    const std::string& position = menu_.spec.positions[run.place->position];
    const Means& means = means_.at(side);
    if (!is_averaged(lineup_, run.recipient)) return means.at(site, position, i, rows.into.size());
    const CleanRuns& clean = clean_.at(side);
    const Means::One own{*clean.activations[run.recipient], *clean.positions[run.recipient]};
    return means.at(site, position, i, rows.into.size(), &own);
  }

  /// Of this very value, whatever else is patched.
  std::uint64_t seed(const PatchedRun& run, Site site, std::size_t i) const {
    const Item& item = pair_.at(lineup_.direction->recipient()).items[run.recipient];
    return stable_hash(menu_.spec.seed,
                       {item.language, run.control->name, item.id, menu_.spec.positions[run.place->position],
                        to_string(site), std::to_string(i), std::to_string(run.draw)});
  }

  const PatchMenu& menu_;
  const Lineup& lineup_;
  const LanguagePair& pair_;
  const CleanPair& clean_;
  const MeansPair& means_;
  std::deque<std::vector<float>> made_;
};

/// Sweeps of some recipients that run together.
struct Together {
  std::vector<Sweep> sweeps;  // without their jobs
  std::vector<Job> jobs;
  std::vector<const Question*> questions;          // of each sweep
  std::vector<std::size_t> recipient;              // of each sweep: how many have begun with it
  std::vector<PatchedRun> runs;                    // of all sweeps, in order
  std::vector<std::vector<Patch::Behind>> behind;  // of each run
  int rows = 0;

  void add(const Question& question, std::vector<Sweep> more, std::size_t recipients) {
    for (Sweep& sweep : more) {
      rows += sweep.job.rows();
      jobs.push_back(std::move(sweep.job));
      sweeps.push_back(std::move(sweep));
      questions.push_back(&question);
      recipient.push_back(recipients);
    }
  }
};

/// The jobs with what in them is gone on with, and which of the runs are. Takes the jobs.
std::pair<std::vector<ContinuedJob>, std::vector<bool>> continued_jobs(Together& together,
                                                                       const ContinuePatched& texts) {
  std::vector<ContinuedJob> jobs;
  std::vector<bool> continued;
  for (std::size_t s = 0; s < together.jobs.size(); ++s) {
    ContinuedJob& job = jobs.emplace_back(ContinuedJob{std::move(together.jobs[s]), {}});
    for (const AskedStrands& asked : together.sweeps[s].asked) {
      std::optional<Continuation> how = texts(together.runs[continued.size()], asked.context);
      if (how)
        for (const auto& [site, change] : together.behind[continued.size()]) how->everywhere.push_back({site, change});
      continued.push_back(how.has_value());
      if (how) job.continuations.push_back(std::move(*how));
    }
  }
  return {std::move(jobs), std::move(continued)};
}

}  // namespace

PatchMenu::PatchMenu(const PatchSpec& spec, const Config& config)
    : spec(spec), places(make_places(spec, config)), controls(control_runs(spec.controls, spec.doses)) {}

std::vector<PatchedRun> PatchMenu::runs_of(const Lineup::Recipient& recipient) const {
  std::vector<PatchedRun> runs;
  for (const Place& place : places) {
    const auto& by_control = recipient.donors[place.position];
    for (std::size_t c = 0; c < by_control.size(); ++c)
      for (std::size_t d = 0; d < by_control[c].size(); ++d)
        runs.push_back({&place, &controls[c], static_cast<int>(d), recipient.item, by_control[c][d]});
  }
  return runs;
}

Wanted PatchMenu::wanted() const {
  std::set<Quantity> quantities;
  for (const Place& place : places) quantities.insert(quantity_of(place.site.kind));
  return {.quantities = {quantities.begin(), quantities.end()}, .positions = spec.positions};
}

PatchedRows patched_rows(const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair, const PatchedRun& run) {
  const std::string& position = menu.spec.positions[run.place->position];
  const Side recipient = lineup.direction->recipient();
  const Side donor = run.control->control->language == DonorLanguage::donor ? lineup.direction->donor : recipient;
  const NamedRows &into = pair.at(recipient).questions[run.recipient].positions,
                  &from = pair.at(donor).questions[run.donor].positions;
  return {rows_named(into, position), matched_rows(position, from, into).value()};
}

int most_rows(const Question& question) {
  constexpr int kMost = 4096, kTimesTheContext = 8;
  return std::max(kMost, kTimesTheContext * static_cast<int>(question.context.size()));
}

MeansPair means_over(const PatchMenu& menu, const CleanPair& clean, std::span<const std::size_t> items) {
  MeansPair means;
  for (const std::size_t item : items) {
    const auto add = [&](Means& to, const CleanRuns& runs) {
      to.add({*runs.activations[item], *runs.positions[item]}, menu.places, menu.spec.positions);
    };
    add(means.pivot, clean.pivot);
    add(means.other, clean.other);
  }
  return means;
}

Givers givers_of(const Lineup& lineup, std::span<const PatchedRun> runs) {
  Givers givers;
  const Side recipient = lineup.direction->recipient();
  const auto at = [&](Side side) -> std::set<std::size_t>& {
    return side == Side::pivot ? givers.pivot : givers.other;
  };
  for (const PatchedRun& run : runs) {
    const Control& control = *run.control->control;
    at(control.language == DonorLanguage::donor ? lineup.direction->donor : recipient).insert(run.donor);
    if (control.blend) at(recipient).insert(run.recipient);
    if (control.takes_means && is_averaged(lineup, run.recipient))
      givers.pivot.insert(run.recipient), givers.other.insert(run.recipient);
  }
  return givers;
}

CleanActivations::CleanActivations(LanguageActivations& pivot, LanguageActivations& other, const Givers& givers)
    : pivot_language_(pivot.language()),
      other_language_(other.language()),
      pivot_(pivot.of(givers.pivot)),
      other_(other.of(givers.other)) {}

CleanPair CleanActivations::all() const {
  const auto of = [](const PreparedLanguage& language, const std::map<std::size_t, Activations>& known) {
    CleanRuns runs;
    runs.activations.resize(language.items.size());
    for (const auto& [item, activations] : known) runs.activations[item] = &activations;
    for (const Question& question : language.questions) runs.positions.push_back(&question.positions);
    return runs;
  };
  return {of(pivot_language_, pivot_), of(other_language_, other_)};
}

void run_patches(const Engine& engine, const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair,
                 std::span<const PatchedRun> runs, const CleanPair& clean, const MeansPair& means,
                 const std::function<void(const PatchedRun&, const std::vector<double>&, const Continued*)>& answered,
                 const std::function<void(std::size_t)>& progress, Beginnings& beginnings,
                 const ContinuePatched& texts) {
  const int blocks = engine.model().config().block_count();
  const PreparedLanguage& language = pair.at(lineup.direction->recipient());
  Mixer mixer(menu, lineup, pair, clean, means);
  Together together;
  const auto run_together = [&] {
    auto run = together.runs.begin();
    const auto scores = [&](std::size_t s, const AskedStrands& asked, const JobResult& result) {
      return option_scores(*together.questions[s], asked, result);
    };
    if (texts) {
      const auto [jobs, continued] = continued_jobs(together, texts);
      const std::vector<ContinuedResult> results = continue_greedily(engine, jobs, {}, &beginnings);
      for (std::size_t s = 0, r = 0; s < results.size(); ++s) {
        std::size_t text = 0;
        for (const AskedStrands& asked : together.sweeps[s].asked)
          answered(*run++, scores(s, asked, results[s].result), continued[r++] ? &results[s].texts[text++] : nullptr);
        progress(together.recipient[s]);
      }
    } else {
      const auto done = [&](std::size_t s, const JobResult& result) {
        for (const AskedStrands& asked : together.sweeps[s].asked) answered(*run++, scores(s, asked, result), nullptr);
      };
      engine.run(std::move(together.jobs), beginnings, {}, done,
                 [&](std::size_t finished) { progress(together.recipient[finished - 1]); });
    }
    together = {};
    mixer.clear();
  };
  std::size_t recipients = 0;
  while (!runs.empty()) {
    const std::size_t item = runs.front().recipient;
    const auto next = std::ranges::find_if(runs, [&](const PatchedRun& run) { return run.recipient != item; });
    const std::span<const PatchedRun> own = runs.first(next - runs.begin());
    runs = runs.subspan(own.size());
    const Question& question = language.questions[item];
    std::vector<Patch> patches;
    for (const PatchedRun& run : own) patches.push_back(mixer.patch(run));
    for (const Patch& patch : patches) together.behind.push_back(patch.behind);
    together.runs.insert(together.runs.end(), own.begin(), own.end());
    together.add(question, make_sweeps(question, patches, blocks, most_rows(question)), ++recipients);
    if (together.rows >= kRowsTogether) run_together();
  }
  if (!together.jobs.empty()) run_together();
}

}  // namespace tertium
