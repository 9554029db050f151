#include "tertium/patching/ablation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "tertium/base/hash.h"
#include "tertium/model/config.h"
#include "tertium/patching/place.h"

namespace tertium {
namespace {

constexpr std::string_view kComponents[] = {"block", "attn_out", "mlp_out", "z", "direction"};
constexpr std::string_view kRemovals[] = {"zero", "mean", "resample", "project"};
constexpr std::string_view kMeans[] = {"own", "pivot"};

template <class Enum, std::size_t N>
Enum named(const std::string_view (&names)[N], std::string_view name) {
  return static_cast<Enum>(std::ranges::find(names, name) - std::begin(names));
}

/// One intervention a row, each with its own values.
void by_row(Job& job, int strand, int clean, Site site, const PutIn& put_in, FirstToken first) {
  const int rows = job.strands[strand].rows();
  const bool begins = start_position(job, strand) == 0;
  for (int row = begins && first == FirstToken::left_out ? 1 : 0; row < rows; ++row)
    job.interventions.push_back({strand, row, site, {.values = put_in.by_row(site, clean, row)}});
}

void change(Job& job, int strand, int clean, Site site, Removal removal, FirstToken first, const PutIn& put_in) {
  switch (removal) {
    case Removal::zero:
      return everywhere(job, strand, site, {.values = {}, .operation = Operation::zero}, first);
    case Removal::mean:
      return everywhere(job, strand, site, {.values = put_in.at_all_rows(site)}, first);
    case Removal::resample:
      return by_row(job, strand, clean, site, put_in, first);
    case Removal::project:
      return everywhere(job, strand, site, {.values = put_in.at_all_rows(site), .operation = Operation::project},
                        first);
  }
}

template <class T>
std::vector<T> taken(std::vector<T>& all, std::size_t first, std::size_t count) {
  const auto begin = std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(first));
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

std::string_view to_string(Component component) { return kComponents[static_cast<std::size_t>(component)]; }
std::vector<std::string_view> component_names() { return {std::begin(kComponents), std::end(kComponents)}; }
Component component_named(std::string_view name) { return named<Component>(kComponents, name); }

std::string_view to_string(Removal removal) { return kRemovals[static_cast<std::size_t>(removal)]; }
std::vector<std::string_view> removal_names() { return {std::begin(kRemovals), std::end(kRemovals)}; }
Removal removal_named(std::string_view name) { return named<Removal>(kRemovals, name); }

std::string_view to_string(MeanOver over) { return kMeans[static_cast<std::size_t>(over)]; }

bool AblateSpec::takes(Removal removal) const {
  const bool has_parts =
      std::ranges::any_of(components, [](Component component) { return component != Component::direction; });
  if (removal == Removal::project) return std::ranges::count(components, Component::direction) > 0;
  return has_parts && std::ranges::count(operations, removal) > 0;
}

std::vector<Site> Ablation::sites() const {
  switch (component) {
    case Component::block:
      return {{SiteKind::attn_out, block}, {SiteKind::mlp_out, block}};
    case Component::attn_out:
      return {{SiteKind::attn_out, block}};
    case Component::mlp_out:
      return {{SiteKind::mlp_out, block}};
    case Component::z:
      return {{SiteKind::z, block, head}};
    case Component::direction:
      break;
  }
  return {{SiteKind::resid_post, block}};
}

std::string place_name(const Ablation& ablation) {
  return ablation.head == Site::kNoHead ? std::to_string(ablation.block)
                                        : fmt::format("{}.{}", ablation.block, ablation.head);
}

std::vector<Ablation> ablations_of(const AblateSpec& spec, Component component, const Config& config) {
  std::vector<Ablation> all;
  if (component == Component::z && !spec.chosen_heads.empty()) {
    for (const auto& [block, head] : spec.chosen_heads) {
      chosen_or_all(std::vector{block}, config.block_count(), "ablate.heads", "block");
      chosen_or_all(std::vector{head}, config.heads, "ablate.heads", "head");
      all.push_back({component, block, head});
    }
    return all;
  }
  for (const int block : chosen_or_all(spec.blocks, config.block_count(), "ablate.blocks", "block")) {
    if (component != Component::z)
      all.push_back({component, block});
    else
      for (const int head : chosen_or_all(spec.heads, config.heads, "ablate.heads", "head"))
        all.push_back({component, block, head});
  }
  return all;
}

std::vector<Ablation> ablations_of(const AblateSpec& spec, const Config& config) {
  std::vector<Ablation> all;
  for (const Component component : spec.components) {
    const std::vector<Ablation> more = ablations_of(spec, component, config);
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::vector<Ablation> drawn_like(const Ablation& ablation, const AblateSpec& spec, const Config& config) {
  std::vector<Ablation> others;
  const bool is_head = ablation.component == Component::z;
  for (int i = 0; i < (is_head ? config.heads : config.block_count()); ++i) {
    Ablation other = ablation;
    (is_head ? other.head : other.block) = i;
    if (other != ablation) others.push_back(other);
  }
  std::ranges::sort(others, {}, [&](const Ablation& other) {
    return stable_hash(spec.seed, {to_string(ablation.component), place_name(ablation), place_name(other)});
  });
  others.resize(std::min(others.size(), static_cast<std::size_t>(spec.draws)));
  return others;
}

std::string AblationPart::control() const { return draw < 0 ? "main" : fmt::format("random@{}", draw); }

std::vector<AblationPart> parts_of(const AblateSpec& spec, const std::vector<std::string>& directions, bool is_pivot) {
  std::vector<AblationPart> mains;
  for (const Component component : spec.components) {
    if (component == Component::direction) {
      for (const std::string& to : directions) mains.push_back({component, Removal::project, to});
      continue;
    }
    for (const Removal removal : spec.operations) {
      if (removal != Removal::mean)
        mains.push_back({component, removal});
      else
        for (const MeanOver over : spec.references)
          if (!is_pivot || over == spec.references.front())
            mains.push_back({component, removal, std::string(to_string(is_pivot ? MeanOver::own : over))});
    }
  }
  std::vector<AblationPart> parts;
  for (const AblationPart& main : mains) {
    parts.push_back(main);
    for (int draw = 0; draw < spec.draws; ++draw) {
      parts.push_back(main);
      parts.back().draw = draw;
    }
  }
  return parts;
}

std::vector<AblationUse> uses_of(const AblateSpec& spec, const AblationPart& part, const Config& config) {
  std::vector<AblationUse> uses;
  for (const Ablation& place : ablations_of(spec, part.component, config)) {
    if (part.draw < 0) {
      uses.push_back({place, {place, part.removal, part.reference}});
    } else if (part.component == Component::direction) {
      uses.push_back({place, {place, part.removal, "", part.draw}});
    } else {
      const std::vector<Ablation> others = drawn_like(place, spec, config);
      if (const auto draw = static_cast<std::size_t>(part.draw); draw < others.size())
        uses.push_back({place, {others[draw], part.removal, part.reference}});
    }
  }
  return uses;
}

std::vector<Effect> effects_of(const AblateSpec& spec, std::span<const AblationPart> parts, const Config& config) {
  std::vector<Effect> all;
  std::set<Effect> known;
  for (const AblationPart& part : parts)
    for (const AblationUse& use : uses_of(spec, part, config))
      if (known.insert(use.effect).second) all.push_back(use.effect);
  return all;
}

double forwards_of(const AblateSpec& spec, const Config& config) {
  double blocks = config.block_count();
  for (const Effect& effect : effects_of(spec, parts_of(spec, {"X"}, false), config))
    blocks += config.block_count() - effect.taken.first_block();
  return blocks / config.block_count();
}

void add_again(Job& job, const CleanPart& clean, int block, const std::function<void(int, int)>& change) {
  const auto offset = static_cast<int>(job.strands.size());
  for (int s = 0; s < clean.strands; ++s) {
    Strand branch{.branch = Branch{s, 0, job.strands[s].rows(), block}};
    if (const auto& prefix = job.strands[s].prefix) branch.prefix = Prefix{offset + prefix->strand, prefix->rows};
    job.strands.push_back(branch);
    change(offset + s, s);
  }
  for (std::size_t i = 0; i < clean.readings; ++i) {
    Reading reading = job.readings[i];
    reading.strand += offset;
    job.readings.push_back(std::move(reading));
  }
  for (std::size_t i = 0; i < clean.recordings; ++i) {
    Recording recording = job.recordings[i];
    recording.strand += offset;
    job.recordings.push_back(recording);
  }
}

void add_ablated(Job& job, const CleanPart& clean, const Ablation& ablation, FirstToken first, Removal removal,
                 const PutIn& put_in) {
  add_again(job, clean, ablation.first_block(), [&](int strand, int of) {
    for (const Site site : ablation.sites()) change(job, strand, of, site, removal, first, put_in);
  });
}

JobResult take_part(JobResult& result, const CleanPart& clean, std::size_t n) {
  return {taken(result.recordings, n * clean.recordings, clean.recordings),
          taken(result.readings, n * clean.readings, clean.readings)};
}

}  // namespace tertium
