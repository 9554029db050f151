#include "tertium/experiment/ablation_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <optional>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/engine/engine.h"
#include "tertium/engine/intervene.h"
#include "tertium/experiment/donor_rows.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/stages.h"
#include "tertium/model/config.h"
#include "tertium/patching/control.h"
#include "tertium/patching/noise.h"

namespace tertium {
namespace {

// What one job may take, which the engine cannot divide; where an item's ablations take more they are cut into several,
// each with a clean run of its own.
constexpr std::size_t kMostRows = 16'384;
constexpr std::size_t kMostBytes = std::size_t{256} << 20;  // of recordings

std::size_t recorded_bytes(const Job& job, const Config& config) {
  std::size_t numbers = 0;
  for (const Recording& one : job.recordings)
    numbers += static_cast<std::size_t>(layers_of(config, one.quantity)) * static_cast<std::size_t>(one.rows) *
               width_of(config, one.quantity);
  return numbers * sizeof(float);
}

/// How many ablations of such an item one job holds.
std::size_t ablations_in_a_job(const Job& clean, const Config& config) {
  const std::size_t rows = kMostRows / std::max<std::size_t>(1, static_cast<std::size_t>(clean.rows())),
                    bytes = kMostBytes / std::max<std::size_t>(1, recorded_bytes(clean, config));
  return std::max<std::size_t>(2, std::min(rows, bytes)) - 1;
}

/// A premise by itself, whose last row's states are recorded.
ItemJob premise_job(const PreparedLanguage& language, std::size_t item) {
  const Question& premise = language.premises[item];
  const int last = static_cast<int>(premise.context.size()) - 1;
  ItemJob made{.job = {.name = language.questions[item].name, .strands = {{.tokens = premise.context}}},
               .asked = {0, {}, 0},
               .texts = {&ItemRun::premise}};
  made.job.recordings = {{0, last, 1, Quantity::resid}, {0, last, 1, Quantity::final_norm}};
  return made;
}

/// Whose activations are put in.
std::vector<Quantity> quantities_of(const AblateSpec& spec, const Config& config) {
  std::set<Quantity> all;
  for (const Ablation& ablation : ablations_of(spec, config))
    if (ablation.component != Component::direction)
      for (const Site site : ablation.sites()) all.insert(quantity_of(site.kind));
  return {all.begin(), all.end()};
}

}  // namespace

std::vector<Site> averaged_sites(const AblateSpec& spec, const Config& config) {
  AblateSpec everywhere = spec;  // random controls lie where nothing else does
  if (spec.draws > 0) everywhere.blocks.reset(), everywhere.heads.reset(), everywhere.chosen_heads.clear();
  std::set<Site> sites;
  for (const Ablation& ablation : ablations_of(everywhere, config))
    if (spec.takes(ablation.component == Component::direction ? Removal::project : Removal::mean))
      for (const Site site : ablation.sites()) sites.insert(site);
  return {sites.begin(), sites.end()};
}

/// One language's run of an item, and what is put into it.
class AblationUnits::Side {
 public:
  enum class Form { asked, premise };

  Side(const AblationUnits& units, const Engine& engine, const PreparedLanguage& language, std::size_t item,
       Form form = Form::asked)
      : units_(units), engine_(engine), language_(language), item_(item), form_(form), asked_(job_of(item)) {}

  const ItemJob& asked() const { return asked_; }
  const PreparedLanguage& language() const { return language_; }

  /// What an effect puts in; it lives as long as this does.
  PutIn put_in(const Effect& effect) {
    switch (effect.removal) {
      case Removal::zero:
        return {};
      case Removal::mean: {
        const PreparedLanguage& of = effect.reference == to_string(MeanOver::pivot) ? units_.task_.pivot : language_;
        const std::map<Site, std::vector<float>>& means = units_.sources_.means(of).without(item_);
        return {.at_all_rows = [&](Site site) { return std::span<const float>(means.at(site)); }};
      }
      case Removal::resample:
        return {.by_row = [this](Site site, int strand, int row) { return donor().at(site, strand, row); }};
      case Removal::project:
        break;
    }
    const std::vector<float>& basis = direction(effect);
    return {.at_all_rows = [&basis](Site) { return std::span<const float>(basis); }};
  }

 private:
  const DonorRows& donor() {
    if (donor_) return *donor_;
    const std::size_t other = units_.donors_.at(&language_)[item_];
    return donor_.emplace(engine_, job_of(other), asked_, quantities_of(units_.spec_, units_.config_));
  }

  ItemJob job_of(std::size_t item) const {
    if (form_ == Form::premise) return premise_job(language_, item);
    return item_job(language_, item, {.quantities = {}, .positions = {}, .statements = units_.align()});
  }

  /// Of length 1.
  const std::vector<float>& direction(const Effect& effect) {
    const auto [found, is_new] = directions_.try_emplace(effect);
    std::vector<float>& values = found->second;
    if (!is_new) return values;
    const auto width = static_cast<std::size_t>(units_.config_.hidden);
    const Site site = effect.taken.sites().front();
    values.resize(width);
    if (effect.draw >= 0) {
      fill_with_noise(values, 1,
                      stable_hash(units_.spec_.seed, {"direction", to_string(site), std::to_string(effect.draw)}));
    } else {
      const std::vector<float>&to = units_.sources_.means(units_.named(effect.reference)).without(item_).at(site),
            &from = units_.sources_.means(units_.task_.pivot).without(item_).at(site);
      for (std::size_t i = 0; i < width; ++i) values[i] = to[i] - from[i];
    }
    values = orthonormal(values, width, fmt::format("{}: the direction at {}", asked_.job.name, to_string(site)));
    return values;
  }

  const AblationUnits& units_;
  const Engine& engine_;
  const PreparedLanguage& language_;
  const std::size_t item_;
  const Form form_;
  const ItemJob asked_;
  std::optional<DonorRows> donor_;
  std::map<Effect, std::vector<float>> directions_;
};

AblationUnits::AblationUnits(const AblateSpec& spec, const PreparedTask& task, const PreparedLanguage& language,
                             std::vector<std::size_t> items, AblationSources sources, Metrics metrics,
                             const Config& config)
    : spec_(spec),
      task_(task),
      language_(language),
      items_(std::move(items)),
      sources_(std::move(sources)),
      metrics_(std::move(metrics)),
      config_(config),
      parts_([&] {
        const bool is_pivot = &language == &task.pivot;
        std::vector<std::string> directions;
        for (const PreparedLanguage& other : task.others)
          if (is_pivot || &other == &language) directions.push_back(other.language);
        return parts_of(spec, directions, is_pivot);
      }()) {
  if (!spec.takes(Removal::resample)) return;
  for (const PreparedLanguage* side : sides(/*both=*/true))
    for (std::size_t i = 0; i < side->items.size(); ++i) donors_[side].push_back(drawn_donor(*side, i));
}

AblationKey AblationUnits::key(const AblationPart& part, const Ablation& place) const {
  return {.component = std::string(to_string(part.component)),
          .layer = place.block,
          .head = place.head,
          .operation = std::string(to_string(part.removal)),
          .reference = part.reference,
          .control = part.control(),
          .position = spec_.first_token == FirstToken::included ? "everywhere" : "but_first"};
}

AblationKey AblationUnits::key(std::size_t part) const {
  return key(parts_[part], Ablation{parts_[part].component, 0});
}

std::vector<const PreparedLanguage*> AblationUnits::sides(bool both) const {
  return both && &language_ != &task_.pivot ? std::vector{&task_.pivot, &language_} : std::vector{&language_};
}

std::vector<AblationPart> AblationUnits::parts(const std::vector<std::size_t>& indices) const {
  std::vector<AblationPart> some;
  for (const std::size_t index : indices) some.push_back(parts_[index]);
  return some;
}

const PreparedLanguage& AblationUnits::named(const std::string& language) const {
  return *std::ranges::find(task_.others, language, &PreparedLanguage::language);
}

std::string AblationUnits::decided_by_all(const AblationPart& part) const {
  std::vector<const PreparedLanguage*> languages;
  if (part.removal == Removal::mean) {
    languages = sides(align() || !metrics_.of_corpus.empty());
    if (part.reference == to_string(MeanOver::pivot)) languages.push_back(&task_.pivot);
  }
  if (part.removal == Removal::project && part.draw < 0) languages = {&task_.pivot, &named(part.reference)};
  Hasher hasher;
  for (const PreparedLanguage* language : languages)
    for (const std::string& asked : sources_.keys(*language).asked) hasher.add(asked);
  return languages.empty() ? "" : hasher.hex();
}

std::size_t AblationUnits::drawn_donor(const PreparedLanguage& language, std::size_t item) const {
  std::vector<std::size_t> all(language.items.size());
  std::iota(all.begin(), all.end(), 0);
  const std::vector<std::size_t> drawn = draw(
      {.items = language.items, .pool = all, .solved = {}, .recipient = item, .seed = spec_.seed}, "resample", all);
  if (drawn.empty()) fail("{}: there is no other item to resample", language.questions[item].name);
  return drawn.front();
}

double AblationUnits::rows(std::size_t item) const {
  double rows = 0;
  for (const PreparedLanguage* side : sides(align()))
    rows += item_job(*side, item, {.quantities = {}, .positions = {}, .statements = align()}).job.rows();
  return rows;
}

std::string AblationUnits::name_of(const AblationPart& part) const {
  const AblationKey key = this->key(part, Ablation{part.component, 0});
  std::string name = fmt::format("{} {} {}", key.component, key.operation, key.position);
  if (!key.reference.empty()) name += " " + key.reference;
  if (part.draw >= 0) name += " " + key.control;
  return name;
}

std::string AblationUnits::decided(const AblationPart& part) const {
  std::string text;
  for (const AblationUse& use : uses_of(spec_, part, config_)) {
    text += fmt::format("{}.{} ", use.place.block, use.place.head);
    if (part.draw >= 0) text += place_name(use.effect.taken) + " ";
  }
  const bool is_drawn = part.component == Component::direction && part.draw >= 0;
  if (is_drawn || part.removal == Removal::resample) text += fmt::format("seed {} ", spec_.seed);
  return text + decided_by_all(part);
}

void AblationUnits::add_donors(const AblationPart& part, std::size_t item, Hasher& hasher) const {
  if (part.removal != Removal::resample) return;
  for (const PreparedLanguage* side : sides(/*both=*/true)) {
    const ItemKeys& keys = sources_.keys(*side);
    const std::size_t other = donors_.at(side)[item];
    hasher.add(keys.asked[other]).add(keys.texts[other]);
  }
}

Demand AblationUnits::demand() const {
  Demand demand{
      .series = {task_.spec.name, task_.spec.stored_protocol(), language_.language, std::string(kAblating), ""},
      .parts = {},
      .members = {}};
  for (const std::size_t item : items_) demand.members.push_back(language_.items[item].id);
  std::vector<std::string> decided;  // [parts]
  for (const AblationPart& part : parts_) {
    demand.parts.push_back(name_of(part));
    decided.push_back(this->decided(part));
  }
  demand.key = [this, decided](std::size_t part, std::size_t member) {
    const std::size_t item = items_[member];
    const ItemKeys &own = sources_.keys(language_), &pivot = sources_.keys(task_.pivot);
    Hasher hasher;
    hasher.add(decided[part]).add(own.asked[item]);
    if (align())
      hasher.add(fmt::format("{} ", fmt::join(metrics_.of_items, " ")))
          .add(own.texts[item])
          .add(pivot.asked[item])
          .add(pivot.texts[item]);
    add_donors(parts_[part], item, hasher);
    return hasher.hex();
  };
  demand.cost = [this](std::size_t member, const std::vector<std::size_t>& indices) {
    double blocks = 0;
    for (const Effect& effect : effects_of(spec_, parts(indices), config_))
      blocks += config_.block_count() - effect.taken.first_block();
    return rows(items_[member]) * (1 + blocks / config_.block_count());
  };
  return demand;
}

Demand AblationUnits::corpus_demand() const {
  Demand demand = this->demand();
  std::vector<std::string> decided;  // [parts]
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    demand.parts[part] = fmt::format("{} {}", fmt::join(metrics_.of_corpus, " "), demand.parts[part]);
    decided.push_back(this->decided(parts_[part]));
  }
  demand.key = [this, decided](std::size_t part, std::size_t item) {
    Hasher hasher;
    hasher.add(decided[part]).add(sources_.keys(language_).texts[item]).add(sources_.keys(task_.pivot).texts[item]);
    add_donors(parts_[part], item, hasher);
    return hasher.hex();
  };
  demand.together = demand.apart = true;
  return demand;
}

void AblationUnits::run_premises(const Engine& engine, std::size_t part,
                                 const std::function<void(const Premises&)>& ran,
                                 const std::function<void(std::size_t)>& reached) const {
  const auto width = static_cast<std::size_t>(config_.hidden), layers = config_.layers.size() + 2;
  std::vector<AblationUse> uses = uses_of(spec_, parts_[part], config_);
  std::size_t rows = 1;
  for (const PreparedLanguage* side : sides(/*both=*/true))
    for (const Question& premise : side->premises) rows = std::max(rows, premise.context.size());
  std::size_t done = 0;
  for (std::size_t first = 0, count = 0; first < uses.size(); first += count) {
    std::size_t bytes = 0;
    std::vector<Premises> all;
    for (count = 0; first + count < uses.size() && (count == 0 || (bytes < kMostBytes && count * rows < kMostRows));
         ++count) {
      const AblationUse& use = uses[first + count];
      const int changed = use.effect.taken.block + 1;
      const std::vector<std::vector<float>> states(layers - static_cast<std::size_t>(changed),
                                                   std::vector<float>(items_.size() * width));
      bytes += 2 * states.size() * items_.size() * width * sizeof(float);
      all.push_back({key(parts_[part], use.place), changed, states, states});
    }
    for (std::size_t i = 0; i < items_.size(); ++i) {
      for (const PreparedLanguage* language : sides(/*both=*/true)) {
        Side side(*this, engine, *language, items_[i], Side::Form::premise);
        Job job = side.asked().job;
        const CleanPart clean(job);
        for (std::size_t n = 0; n < count; ++n) {
          const Effect& effect = uses[first + n].effect;
          add_ablated(job, clean, effect.taken, spec_.first_token, effect.removal, side.put_in(effect));
        }
        JobResult result = engine.run(job);
        for (std::size_t n = 0; n < count; ++n) {
          JobResult one = take_part(result, clean, n + 1);
          const TextStates states{std::move(one.recordings[0]), std::move(one.recordings[1])};
          std::vector<std::vector<float>>& into = language == &task_.pivot ? all[n].pivot : all[n].own;
          for (std::size_t l = 0; l < into.size(); ++l)
            std::ranges::copy(states.at(static_cast<std::size_t>(all[n].first_changed) + l),
                              into[l].begin() + static_cast<std::ptrdiff_t>(i * width));
        }
      }
      reached((done * items_.size() + (i + 1) * count) / uses.size());
    }
    for (const Premises& one : all) ran(one);
    done += count;
  }
}

void AblationUnits::run(const Engine& engine, const Work& work, const std::function<void(const Run&)>& ran,
                        const std::function<void(std::size_t)>& reached) const {
  const std::vector<AblationPart> asked = parts(work.parts);
  const std::vector<Effect> effects = effects_of(spec_, asked, config_);
  struct Told {
    std::size_t part;
    AblationKey key;
  };
  std::map<Effect, std::vector<Told>> told;
  for (std::size_t p = 0; p < asked.size(); ++p)
    for (const AblationUse& use : uses_of(spec_, asked[p], config_))
      told[use.effect].push_back({p, key(asked[p], use.place)});
  for (std::size_t member = work.first; member < work.first + work.count; ++member) {
    const std::size_t item = items_[member];
    std::deque<Side> sides;
    std::size_t most = effects.size();
    for (const PreparedLanguage* side : this->sides(align())) {
      sides.emplace_back(*this, engine, *side, item);
      most = std::min(most, ablations_in_a_job(sides.back().asked().job, config_));
    }
    for (std::size_t first = 0; first < effects.size(); first += most) {
      const std::size_t count = std::min(most, effects.size() - first);
      std::vector<std::vector<ItemRun>> runs;  // [sides][count]
      for (Side& side : sides) {
        Job job = side.asked().job;
        const CleanPart clean(job);
        for (std::size_t e = first; e < first + count; ++e)
          add_ablated(job, clean, effects[e].taken, spec_.first_token, effects[e].removal, side.put_in(effects[e]));
        JobResult result = engine.run(job);
        const Question& question = side.language().questions[item];
        std::vector<ItemRun>& of_side = runs.emplace_back();
        for (std::size_t n = 1; n <= count; ++n)
          of_side.push_back(read_result(side.asked(), question, config_, take_part(result, clean, n)));
      }
      for (std::size_t e = 0; e < count; ++e)
        for (const Told& one : told.at(effects[first + e]))
          ran({item, one.part, one.key, effects[first + e].taken.block + 1, runs.back()[e],
               align() ? &runs.front()[e] : nullptr});
    }
    reached(member - work.first + 1);
  }
}

}  // namespace tertium
