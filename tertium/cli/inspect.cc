#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tertium/cli/command.h"
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
    if (site.kind != SiteKind::resid_mid || !config.parallel) sites.push_back(site);
  return sites;
}

double gib(double bytes) { return bytes / (1024.0 * 1024 * 1024); }

void print_json(const Checkpoint& checkpoint) {
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
  for (const SiteInfo& site : sites_of(config)) json["sites"].push_back(site.name);
  json["left_aside"] = checkpoint.left_aside();
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
}

}  // namespace

void add_inspect(CLI::App& app) {
  CLI::App& command = add_command(app, "inspect", "Show a model's family, shapes, sites and memory, without loading it",
                                  "tertium inspect models/gemma-3-270m.gguf");
  struct Options {
    std::string model;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  command.add_option("model", options->model, kModelHelp)->required();
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options] {
    const Checkpoint checkpoint(find_model(options->model));
    options->json ? print_json(checkpoint) : print_text(checkpoint);
  });
}

}  // namespace tertium
