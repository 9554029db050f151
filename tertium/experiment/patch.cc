#include "tertium/experiment/patch.h"

#include <algorithm>
#include <deque>
#include <set>

#include "tertium/base/hash.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/run.h"
#include "tertium/model/config.h"
#include "tertium/patching/sweep.h"

namespace tertium {
namespace {

// Recipients are run together until they have so many rows: many passes, so that a last half-full one costs little,
// and yet few enough that what controls make of activations fits in memory.
constexpr int kRowsTogether = 32'768;

/// Makes what patched runs put in.
class Mixer {
 public:
  Mixer(const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair, const CleanPair& clean)
      : menu_(menu),
        lineup_(lineup),
        pair_(pair),
        clean_(clean),
        pivot_means_(clean.pivot, lineup.averaged),
        other_means_(clean.other, lineup.averaged) {}

  Patch patch(const PatchedRun& run) {
    const PatchedRows rows = patched_rows(menu_, lineup_, pair_, run);
    Patch patch;
    for (const Site site : run.place->sites())
      for (std::size_t i = 0; i < rows.into.size(); ++i)
        patch.values.push_back({rows.into[i], site, value(run, site, rows, i)});
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

  std::vector<float> mean(Side side, const PatchedRun& run, Site site, const PatchedRows& rows, std::size_t i) {
    Means& means = side == Side::pivot ? pivot_means_ : other_means_;
    return means.at(site, menu_.spec.positions[run.place->position], i, rows.into.size(), run.recipient);
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
  Means pivot_means_, other_means_;
  std::deque<std::vector<float>> made_;
};

/// Sweeps of some recipients that run together.
struct Together {
  std::vector<Sweep> sweeps;  // without their jobs
  std::vector<Job> jobs;
  std::vector<const Question*> questions;  // of each sweep
  std::vector<std::size_t> recipient;      // of each sweep: how many have begun with it
  std::vector<PatchedRun> runs;            // of all sweeps, in order
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

std::vector<Quantity> PatchMenu::quantities() const {
  std::set<Quantity> quantities;
  for (const Place& place : places) quantities.insert(quantity_of(place.site.kind));
  return {quantities.begin(), quantities.end()};
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

void run_patches(const Engine& engine, const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair,
                 const CleanPair& clean,
                 const std::function<void(const PatchedRun&, const std::vector<double>&)>& answered,
                 const std::function<void(std::size_t)>& progress) {
  const int blocks = engine.model().config().block_count();
  const PreparedLanguage& language = pair.at(lineup.direction->recipient());
  Mixer mixer(menu, lineup, pair, clean);
  Together together;
  const auto run_together = [&] {
    auto run = together.runs.begin();
    const auto done = [&](std::size_t s, const JobResult& result) {
      for (const AskedStrands& asked : together.sweeps[s].asked)
        answered(*run++, option_scores(*together.questions[s], asked, result));
    };
    engine.run(together.jobs, done, [&](std::size_t finished) { progress(together.recipient[finished - 1]); });
    together = {};
    mixer.clear();
  };
  for (std::size_t r = 0; r < lineup.recipients.size(); ++r) {
    const Question& question = language.questions[lineup.recipients[r].item];
    const std::vector<PatchedRun> runs = menu.runs_of(lineup.recipients[r]);
    if (runs.empty()) continue;
    std::vector<Patch> patches;
    for (const PatchedRun& run : runs) patches.push_back(mixer.patch(run));
    together.runs.insert(together.runs.end(), runs.begin(), runs.end());
    together.add(question, make_sweeps(question, patches, blocks, most_rows(question)), r + 1);
    if (together.rows >= kRowsTogether) run_together();
  }
  if (!together.jobs.empty()) run_together();
}

}  // namespace tertium
