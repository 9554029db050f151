#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tertium/cli/command.h"
#include "tertium/experiment/parity.h"

namespace tertium {
namespace {

struct Options {
  std::string model;
  std::string expect;
  double tolerance = 2e-4;
  bool json = false;
};

void parity(const Options& options) {
  const Engine engine(Model::load(options.model, "f32"));
  double worst = 0;
  nlohmann::ordered_json differences;
  for (const ParityLine& line : compare_with_golden(engine, options.expect)) {
    if (!options.json) fmt::print("{:<20} {:.3g}\n", line.quantity, line.difference);
    differences[line.quantity] = line.difference;
    worst = std::max(worst, line.difference);
  }
  const bool passed = worst <= options.tolerance;
  if (options.json)
    fmt::print("{}\n",
               nlohmann::ordered_json{{"differences", differences}, {"worst", worst}, {"passed", passed}}.dump());
  else
    fmt::print("{:<20} {:.3g}  ({} the tolerance {:g})\n", "worst", worst, passed ? "within" : "above",
               options.tolerance);
  if (!passed) throw Exit{1};
}

}  // namespace

void add_parity(CLI::App& app) {
  CLI::App& command =
      add_command(app, "parity", "Compare a model with a golden file, number by number, in f32",
                  "tertium parity tests/fixtures/golden/gemma3 tests/fixtures/golden/gemma3/expect.safetensors");
  const auto options = std::make_shared<Options>();
  command.add_option("model", options->model, "A Hugging Face folder or a .gguf file")->required();
  command
      .add_option("expect", options->expect,
                  "A golden file: ids.N, resid.N, attn_out.N, mlp_out.N, final_norm.N, logits.N, patched.*")
      ->required();
  command
      .add_option("--tolerance", options->tolerance,
                  "Largest absolute difference allowed; above it the exit status is 1")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6));
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options] { parity(*options); });
}

}  // namespace tertium
