#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "tertium/ops/hardware.h"

namespace tertium {

// A command is a function add_<name>(CLI::App& app) in its own file, <name>.cc, and a line in commands.def: it adds the
// command's options, help and example, and what it does.

inline constexpr const char* kModelHelp =
    "A Hugging Face folder, a .gguf file, or a repository in the local cache (owner/name)";

/// --adapter: a LoRA adapter's folder, found as find_adapter does; empty without the option.
void add_adapter_option(CLI::App& command, std::filesystem::path& adapter);

/// A command with one line of description and an example below its help.
CLI::App& add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& example);

/// --threads, as set_threads takes it.
void add_threads_option(CLI::App& command, int& threads);

/// --device, --device-map and --kernels.
void add_hardware_options(CLI::App& command, Hardware& hardware);

/// What commands that run an experiment have in common.
struct ExperimentOptions {
  std::string experiment;             // the file
  std::vector<std::string> settings;  // key=value
  int threads = 0;                    // as set_threads takes it
  Hardware hardware;                  // of commands with add_hardware_options
  bool quiet = false;
};
void add_experiment_options(CLI::App& command, ExperimentOptions& options);

/// What a command's callback throws to end the program with a status and no message.
struct Exit {
  int status;
};

}  // namespace tertium
