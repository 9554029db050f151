#include "tertium/experiment/resume.h"

#include <algorithm>
#include <map>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/experiment/units.h"

namespace tertium {
namespace {

constexpr std::string_view kDecides = "decides ";

bool is_of_model(const std::string& input) { return input.starts_with("model ") || input.starts_with("tokenizer "); }

std::string listed(const std::optional<std::vector<int>>& numbers) {
  return numbers ? fmt::format("{}", fmt::join(*numbers, " ")) : "all";
}

}  // namespace

Deciders deciders_of(const Experiment& experiment, Precision precision) {
  Deciders deciders = {
      {"arithmetic", kNumbers},
      {"dtype", std::string(to_string(precision))},
      {"adapter", experiment.adapter.empty() ? "none" : "given"},  // which one, its hash says
      {"pivot", experiment.pivot},
      {"intervention", experiment.intervention.empty() ? "none" : "given"}};  // its hash is among the model's
  if (experiment.lens)
    deciders.emplace_back("lens.tuned", experiment.lens->tuned.empty() ? "none" : sha256_file(experiment.lens->tuned));
  if (experiment.repair) deciders.emplace_back("repair.seed", std::to_string(experiment.repair->seed));
  if (!experiment.patch) return deciders;
  const PatchSpec& spec = *experiment.patch;
  deciders.insert(deciders.end(), {{"patch.seed", std::to_string(spec.seed)},
                                   {"patch.items", spec.all_items ? "all" : "pool"},
                                   {"patch.blocks", listed(spec.blocks)},
                                   {"patch.heads", listed(spec.heads)},
                                   {"patch.window", std::to_string(spec.window)}});
  return deciders;
}

std::string fingerprint_of(const InputHashes& hashes, Precision precision) {
  std::vector<std::string> files;  // whatever their names are
  for (const auto& [name, hash] : hashes)
    if (is_of_model(name)) files.push_back(hash);
  std::ranges::sort(files);
  Hasher hasher;
  hasher.add(kNumbers).add(to_string(precision));
  for (const std::string& file : files) hasher.add(file);
  return hasher.hex();
}

void store_deciders(Store& store, const Deciders& deciders) {
  for (const auto& [name, value] : deciders) store.set_info(std::string(kDecides) + name, value);
}

std::vector<std::string> unlike(const RunInfo& a, const RunInfo& b) {
  const std::map<std::string, std::string> others(b.begin(), b.end());
  std::vector<std::string> found;
  for (const auto& [key, value] : a) {
    if (!key.starts_with(kHash) && !key.starts_with(kDecides)) continue;
    if (const auto other = others.find(key); other != others.end() && other->second != value)
      found.push_back(printable(key.substr(key.find(' ') + 1), 200));
  }
  return found;
}

std::vector<std::string> differences(const Store& store, const Experiment& experiment,
                                     const std::vector<PreparedTask>& tasks, const InputHashes& hashes,
                                     Precision precision) {
  const RunInfo info = store.info();
  if (info.empty()) return {};  // a run was killed before it had said anything
  const std::map<std::string, std::string> stored(info.begin(), info.end());
  std::vector<std::string> found, files;
  bool all_changed = false;  // then it says nothing that every item has
  for (const auto& [name, value] : deciders_of(experiment, precision))
    if (const auto before = stored.find(std::string(kDecides) + name);
        before != stored.end() && before->second != value) {
      found.push_back(fmt::format("{} was {}, is {}", name, printable(before->second), value));
      all_changed |= name == "arithmetic" || name == "dtype" || name == "adapter";
    }
  for (const auto& [name, hash] : hashes) {
    const auto before = stored.find(std::string(kHash) + name);
    const bool is_known = std::ranges::any_of(
        info, [&, &hash = hash](const auto& entry) { return entry.first.starts_with(kHash) && entry.second == hash; });
    if (is_known) continue;
    if (is_of_model(name)) {
      found.push_back(printable(name) + (before == stored.end() ? " (not among theirs)" : " (changed)"));
      all_changed = true;
    } else if (before != stored.end() &&
               (name.starts_with("parallel ") || name.starts_with("translate ") || name.starts_with("generate "))) {
      found.push_back(printable(name) + " (changed)");
    } else if (before != stored.end()) {
      files.push_back(printable(name) + " (changed)");
    }
  }
  if (all_changed) return found;
  const std::vector<std::string> items = changed_items(experiment, tasks, store, fingerprint_of(hashes, precision));
  if (items.empty()) return found;
  found.push_back(fmt::format("{}{}: asked otherwise, or no more", items.front(),
                              items.size() > 1 ? fmt::format(" and {} more units", items.size() - 1) : ""));
  found.insert(found.end(), files.begin(), files.end());
  return found;
}

}  // namespace tertium
