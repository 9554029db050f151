#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "tertium/base/error.h"
#include "tertium/cli/command.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/parity.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/config.h"
#include "tertium/training/golden.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

struct ParityOptions {
  std::string model;
  std::filesystem::path adapter;
  std::string expect;
  std::string all;
  std::string dtype = "f32";
  Hardware hardware;
  double tolerance = 2e-4;
  bool json = false;
};

struct Worst {
  double clean = 0, patched = 0, effects = 0;
  double largest() const { return std::max({clean, patched, effects}); }
};

Worst worst_of(const std::vector<ParityLine>& lines) {
  Worst worst;
  for (const ParityLine& line : lines) {
    double& kind = is_clean(line.quantity)                 ? worst.clean
                   : line.quantity.starts_with("patched.") ? worst.patched
                                                           : worst.effects;
    kind = std::max(kind, line.difference);
  }
  return worst;
}

/// An infinite difference, as of NaN, is null.
nlohmann::ordered_json json_of(const Departure& departure) {
  return {{"quantity", departure.quantity},
          {"layer", departure.layer},
          {"row", departure.row},
          {"difference", departure.difference}};
}

/// Losses, gradients and steps of training, each within a tolerance of its own.
bool parity_of_training(const ParityOptions& options) {
  if (options.adapter.empty()) fail("{}: is of an adapter in training; name it with --adapter", options.expect);
  const std::vector<TrainingLine> lines = compare_training(find_model(options.model), options.adapter, options.expect);
  const bool passed = std::ranges::all_of(lines, [](const TrainingLine& line) { return line.within(); });
  if (options.json) {
    nlohmann::ordered_json all;
    for (const TrainingLine& line : lines) all["training"][line.quantity] = line.difference;
    all["passed"] = passed;
    fmt::print("{}\n", all.dump());
    return passed;
  }
  for (const TrainingLine& line : lines)
    fmt::print("{:<24} {:.3g}  ({} the tolerance {:g})\n", line.quantity, line.difference,
               line.within() ? "within" : "above", line.tolerance);
  return passed;
}

/// Those of one beginning are told together: "generated.*".
void print_not_compared(const std::vector<std::string>& names) {
  std::set<std::string> kinds;
  for (const std::string& name : names) {
    const std::size_t dot = name.find('.');
    kinds.insert(dot == std::string::npos ? name : name.substr(0, dot) + ".*");
  }
  if (!kinds.empty()) fmt::print("not compared: {}\n", fmt::join(kinds, ", "));
}

/// True if the model is within the tolerance.
bool parity_of_one(const ParityOptions& options) {
  const Engine engine(Model::load(find_model(options.model), options.dtype, options.adapter, options.hardware));
  auto [lines, not_compared] = compare_with_golden(engine, options.expect);
  if (holds_training(options.expect)) not_compared.clear();  // parity_of_training compares the rest
  const double worst = worst_of(lines).largest();
  const std::optional<Departure> departure = first_departure(lines, options.tolerance);
  const bool passed = !departure;
  if (options.json) {
    nlohmann::ordered_json differences;
    for (const ParityLine& line : lines) differences[line.quantity] = line.difference;
    nlohmann::ordered_json all = {
        {"differences", differences}, {"worst", worst}, {"passed", passed}, {"not_compared", not_compared}};
    if (departure) all["first_departure"] = json_of(*departure);
    fmt::print("{}\n", all.dump());
    return passed;
  }
  for (const ParityLine& line : lines) fmt::print("{:<20} {:.3g}\n", line.quantity, line.difference);
  fmt::print("{:<20} {:.3g}  ({} the tolerance {:g})\n", "worst", worst, passed ? "within" : "above",
             options.tolerance);
  if (departure) fmt::print("first departs: {}\n", to_string(*departure));
  print_not_compared(not_compared);
  return passed;
}

// What a golden folder may hold beside its model.
constexpr const char* kGoldenFiles[] = {"expect.safetensors", "effects.safetensors"};

std::vector<fs::path> golden_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const char* name : kGoldenFiles)
    if (fs::exists(folder / name)) files.push_back(folder / name);
  return files;
}

/// The folders of `all` that hold a model and a golden file, in order of their names.
std::vector<fs::path> golden_folders(const fs::path& all) {
  std::vector<fs::path> folders;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(all, failed))
    if (!golden_files(entry.path()).empty()) folders.push_back(entry.path());
  if (folders.empty())
    fail("{}: no folder in it holds an expect.safetensors beside a model; name a folder of golden folders",
         all.string());
  std::sort(folders.begin(), folders.end());
  return folders;
}

Parity parity_of_folder(const Engine& engine, const fs::path& folder) {
  Parity all;
  for (const fs::path& file : golden_files(folder)) {
    Parity one = compare_with_golden(engine, file);
    std::ranges::move(one.lines, std::back_inserter(all.lines));
    std::ranges::move(one.not_compared, std::back_inserter(all.not_compared));
  }
  return all;
}

/// True if all are within the tolerance. A model that fails to load does not end the others.
bool parity_of_all(const ParityOptions& options) {
  const std::vector<fs::path> folders = golden_folders(options.all);
  nlohmann::ordered_json models;
  std::size_t passed = 0;
  std::set<std::string> not_compared;
  if (!options.json)
    fmt::print("{:<16} {:<14} {:>10} {:>10} {:>10}\n", "model", "family", "clean", "patched", "effects");
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string();
    try {
      const Engine engine(Model::load(folder, options.dtype, {}, options.hardware));
      const Parity parity = parity_of_folder(engine, folder);
      not_compared.insert(parity.not_compared.begin(), parity.not_compared.end());
      const Worst worst = worst_of(parity.lines);
      const std::optional<Departure> departure = first_departure(parity.lines, options.tolerance);
      const bool within = !departure;
      passed += within;
      models[name] = {{"family", engine.model().config().family},
                      {"clean", worst.clean},
                      {"patched", worst.patched},
                      {"effects", worst.effects},
                      {"passed", within}};
      if (departure) models[name]["first_departure"] = json_of(*departure);
      const bool has_effects = fs::exists(folder / kGoldenFiles[1]);
      if (!options.json)
        fmt::print("{:<16} {:<14} {:>10.2e} {:>10.2e} {:>10}{}\n", name, engine.model().config().family, worst.clean,
                   worst.patched, has_effects ? fmt::format("{:.2e}", worst.effects) : "-",
                   within ? "" : "  first departs: " + to_string(*departure));
    } catch (const Error& error) {
      models[name] = {{"error", error.what()}, {"passed", false}};
      if (!options.json) fmt::print("{:<16} {}\n", name, error.what());
    }
  }
  const bool all_passed = passed == folders.size();
  if (options.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"models", models},
                                              {"passed", all_passed},
                                              {"not_compared", std::vector(not_compared.begin(), not_compared.end())}}
                           .dump());
    return all_passed;
  }
  fmt::print("{} of {} models within the tolerance {:g}\n", passed, folders.size(), options.tolerance);
  print_not_compared({not_compared.begin(), not_compared.end()});
  return all_passed;
}

void parity(const ParityOptions& options) {
  if (options.all.empty() && (options.model.empty() || options.expect.empty()))
    fail("name a model and its golden file, or --all and a folder of both");
  bool passed = options.all.empty() ? parity_of_one(options) : parity_of_all(options);
  if (options.all.empty() && holds_training(options.expect)) passed &= parity_of_training(options);
  if (!passed) throw Exit{1};
}

}  // namespace

void add_parity(CLI::App& app) {
  CLI::App& command =
      add_command(app, "parity", "Compare models with golden files, number by number",
                  "tertium parity tests/fixtures/golden/gemma3 tests/fixtures/golden/gemma3/expect.safetensors\n"
                  "  tertium parity --all tests/fixtures/golden");
  const auto options = std::make_shared<ParityOptions>();
  CLI::Option* model = command.add_option("model", options->model, kModelHelp);
  command.add_option(
      "expect", options->expect,
      "A golden file: ids.N, resid.N, attn_out.N, mlp_out.N, final_norm.N, logits.N, patched.*, or effects of "
      "interventions (docs/golden.md)");
  command
      .add_option(
          "--all", options->all,
          "Compare every folder in this one that holds a model and its expect.safetensors or effects.safetensors")
      ->excludes(model);
  command
      .add_option("--tolerance", options->tolerance,
                  "Largest absolute difference allowed; above it the exit status is 1")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1e6));
  command.add_option("--dtype", options->dtype, "f32, bf16, f16 or auto")->capture_default_str();
  add_adapter_option(command, options->adapter);
  add_hardware_options(command, options->hardware);
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options] { parity(*options); });
}

}  // namespace tertium
