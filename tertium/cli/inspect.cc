#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/formats/adapter.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/checkpoint.h"
#include "tertium/model/model.h"
#include "tertium/model/site.h"

namespace tertium {
namespace {

std::string attention_kinds(const Config& config) {
  int windowed = 0, window = 0;
  for (const Layer& layer : config.layers) {
    windowed += layer.window > 0;
    window = std::max(window, layer.window);
  }
  if (windowed == 0) return "full in all blocks";
  return fmt::format("sliding (window {}) in {} blocks, full in {}", window, windowed, config.block_count() - windowed);
}

/// The kinds of places that this model's blocks have.
std::vector<SiteInfo> sites_of(const Config& config) {
  std::vector<SiteInfo> sites;
  for (const SiteInfo& site : site_kinds())
    if (has_site(config, site.kind)) sites.push_back(site);
  return sites;
}

std::string_view to_string(Rope::Scaling scaling) {
  switch (scaling) {
    case Rope::Scaling::linear:
      return "linear";
    case Rope::Scaling::dynamic:
      return "dynamic";
    case Rope::Scaling::llama3:
      return "llama3";
    case Rope::Scaling::yarn:
      return "yarn";
    case Rope::Scaling::longrope:
      return "longrope";
    default:
      return "default";
  }
}

/// Those whose rope has this index.
std::vector<int> blocks_with(const Config& config, int rope) {
  std::vector<int> blocks;
  for (int b = 0; b < config.block_count(); ++b)
    if (config.layers[b].rope == rope) blocks.push_back(b);
  return blocks;
}

std::string listed(const std::vector<int>& blocks, const Config& config) {
  if (static_cast<int>(blocks.size()) == config.block_count()) return "all blocks";
  constexpr std::size_t kShown = 8;
  const auto end = blocks.begin() + static_cast<std::ptrdiff_t>(std::min(blocks.size(), kShown));
  return fmt::format("block{} {}{}", blocks.size() == 1 ? "" : "s", fmt::join(blocks.begin(), end, ", "),
                     blocks.size() > kShown ? fmt::format(", …, {} in all", blocks.size()) : "");
}

nlohmann::ordered_json rope_json(const Config& config, int index) {
  const Rope& rope = config.ropes[index];
  nlohmann::ordered_json json = {{"kind", to_string(rope.scaling)},
                                 {"theta", rope.theta},
                                 {"rotated", rope.rotated},
                                 {"factor", rope.factor},
                                 {"original_context", rope.original_context},
                                 {"attention_factor", rope.attention_factor},
                                 {"blocks", blocks_with(config, index)}};
  if (rope.scaling == Rope::Scaling::none || rope.scaling == Rope::Scaling::linear) json.erase("original_context");
  if (!rope.short_factors.empty()) json["short_factors"] = rope.short_factors;
  if (!rope.long_factors.empty()) json["long_factors"] = rope.long_factors;
  if (rope.scaling == Rope::Scaling::longrope) json.erase("factor");
  return json;
}

std::string described(const Rope& rope, const Config& config) {
  std::string text = fmt::format("{}, theta {:g}", to_string(rope.scaling), rope.theta);
  if (rope.factor != 1) text += fmt::format(", factor {:g}", rope.factor);
  if (rope.scaling != Rope::Scaling::none && rope.scaling != Rope::Scaling::linear)
    text += fmt::format(", original context {:g}", rope.original_context);
  if (rope.scaling == Rope::Scaling::none && !rope.short_factors.empty()) text += ", with factors stored in the file";
  if (rope.attention_factor != 1) text += fmt::format(", attention factor {:g}", rope.attention_factor);
  return text + fmt::format("; {} of a head's {} dimensions", rope.rotated, config.head_dim);
}

/// One line for each rope in force, and for the blocks that have none.
std::vector<std::string> rope_lines(const Config& config) {
  std::vector<std::string> lines;
  for (int r = 0; r < static_cast<int>(config.ropes.size()); ++r)
    if (const std::vector<int> blocks = blocks_with(config, r); !blocks.empty())
      lines.push_back(described(config.ropes[r], config) + " (" + listed(blocks, config) + ")");
  if (const std::vector<int> none = blocks_with(config, Layer::kNoRope); !none.empty())
    lines.push_back("none (" + listed(none, config) + ")");
  return lines;
}

/// Keys by why they were left aside; those with a reason of their own (another key wins) come first.
std::map<std::string, std::vector<std::string>> aside_by_reason(const Checkpoint& checkpoint) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const LeftAside& aside : checkpoint.keys_left_aside()) by_reason[aside.why].push_back(printable(aside.key));
  return by_reason;
}

double gib(double bytes) { return bytes / (1024.0 * 1024 * 1024); }

/// The last parts of the names of the modules that an adapter changes.
std::vector<std::string> kinds_of(const Adapter& adapter) {
  std::set<std::string> kinds;
  for (const auto& [module, factors] : adapter.modules()) kinds.insert(module.substr(module.rfind('.') + 1));
  return {kinds.begin(), kinds.end()};
}

nlohmann::ordered_json adapter_json(const Adapter& adapter) {
  const AdapterConfig& config = adapter.config();
  nlohmann::ordered_json json = {{"base", config.base},
                                 {"rank", config.rank},
                                 {"alpha", config.alpha},
                                 {"rank_stabilized", config.rank_stabilized},
                                 {"matrices", adapter.modules().size()},
                                 {"modules", kinds_of(adapter)},
                                 {"weights", adapter.parameters()}};
  json["keys_left_aside"] = nlohmann::ordered_json::array();
  for (const auto& [key, why] : adapter.keys_left_aside())
    json["keys_left_aside"].push_back({{"key", key}, {"why", why}});
  return json;
}

void print_adapter(const Adapter& adapter) {
  const AdapterConfig& config = adapter.config();
  fmt::print("adapter      LoRA, rank {}{}, alpha {:g}{}: {} matrices, {:.2f} M weights\n", config.rank,
             config.ranks.empty() ? "" : " (others by module)", config.alpha,
             config.rank_stabilized ? " by the root of the rank" : "", adapter.modules().size(),
             static_cast<double>(adapter.parameters()) / 1e6);
  fmt::print("             of {}\n", printable(join(kinds_of(adapter)), 200));
  if (!config.base.empty()) fmt::print("             made for {}\n", printable(config.base, 200));
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const auto& [key, why] : adapter.keys_left_aside()) by_reason[why].push_back(printable(key));
  for (const auto& [why, keys] : by_reason) fmt::print("left aside   {}: {}\n", join(keys), why);
}

void print_json(const Checkpoint& checkpoint, const Adapter* adapter) {
  const Config& config = checkpoint.config();
  nlohmann::ordered_json json = {{"family", config.family},
                                 {"blocks", config.block_count()},
                                 {"width", config.hidden},
                                 {"mlp", config.mlp},
                                 {"heads", config.heads},
                                 {"kv_heads", config.kv_heads},
                                 {"head_dim", config.head_dim},
                                 {"vocabulary", config.vocabulary},
                                 {"tied", config.tied},
                                 {"context", config.context},
                                 {"stored_dtype", config.stored_dtype},
                                 {"stored_bytes", checkpoint.bytes()},
                                 {"auto_dtype", to_string(precision_named("auto", config))},
                                 {"weights", checkpoint.parameters()}};
  json["ropes"] = nlohmann::ordered_json::array();
  for (int r = 0; r < static_cast<int>(config.ropes.size()); ++r)
    if (!blocks_with(config, r).empty()) json["ropes"].push_back(rope_json(config, r));
  json["blocks_without_rope"] = blocks_with(config, Layer::kNoRope);
  json["keys_left_aside"] = nlohmann::ordered_json::array();
  for (const LeftAside& aside : checkpoint.keys_left_aside())
    json["keys_left_aside"].push_back({{"key", aside.key}, {"why", aside.why}});
  for (const SiteInfo& site : sites_of(config)) json["sites"].push_back(site.name);
  json["left_aside"] = checkpoint.left_aside();
  if (adapter) json["adapter"] = adapter_json(*adapter);
  fmt::print("{}\n", json.dump());
}

void print_text(const Checkpoint& checkpoint) {
  const Config& config = checkpoint.config();
  fmt::print("family       {}\n", config.family);
  fmt::print("blocks       {}\n", config.block_count());
  if (config.experts.count > 0)
    fmt::print("width        {} ({} experts of {}, {} for each row)\n", config.hidden, config.experts.count,
               config.experts.width, config.experts.per_row);
  else
    fmt::print("width        {} (MLP {})\n", config.hidden, config.mlp);
  fmt::print("heads        {} of {}, {} for keys and values\n", config.heads, config.head_dim, config.kv_heads);
  fmt::print("attention    {}\n", attention_kinds(config));
  std::string_view label = "rope";
  for (const std::string& line : rope_lines(config)) {
    fmt::print("{:<12} {}\n", label, line);
    label = "";
  }
  fmt::print("vocabulary   {}{}\n", config.vocabulary, config.tied ? ", head tied to the embedding" : "");
  fmt::print("context      {} tokens\n", config.context);
  fmt::print("stored as    {}, {:.2f} GiB of tensors\n", config.stored_dtype,
             gib(static_cast<double>(checkpoint.bytes())));
  fmt::print("auto dtype   {} on this machine\n", to_string(precision_named("auto", config)));
  const auto count = static_cast<double>(checkpoint.parameters());
  fmt::print("in memory    f32 {:.2f} GiB, bf16 and f16 {:.2f} GiB ({:.0f} M weights)\n", gib(count * 4),
             gib(count * 2), count / 1e6);
  for (const std::string& what : checkpoint.left_aside()) fmt::print("left aside   {}\n", what);
  fmt::print("sites        in each block b = 0..{}\n", config.block_count() - 1);
  for (const SiteInfo& site : sites_of(config))
    fmt::print("  {:<11} blocks.<b>.{:<16} {}\n", site.name, site.alias, site.meaning);
  for (const auto& [why, keys] : aside_by_reason(checkpoint)) fmt::print("left aside   {}: {}\n", join(keys), why);
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App& command = add_command(app, "inspect", "Show a model's family, shapes, sites and memory, without loading it",
                                  "tertium inspect models/gemma-3-270m.gguf");
  struct Options {
    std::string model;
    std::filesystem::path adapter;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  command.add_option("model", options->model, kModelHelp)->required();
  add_adapter_option(command, options->adapter);
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options] {
    const Checkpoint checkpoint(find_model(options->model));
    std::optional<Adapter> adapter;
    if (!options->adapter.empty()) adapter.emplace(options->adapter);
    if (options->json) return print_json(checkpoint, adapter ? &*adapter : nullptr);
    print_text(checkpoint);
    if (adapter) print_adapter(*adapter);
  });
}

}  // namespace tertium
