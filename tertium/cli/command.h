#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tertium {

// One function a command, each in its own file (<name>.cc): it adds the command's options, help and example, and what
// it does.
void add_run(CLI::App& app);
void add_show(CLI::App& app);
void add_screen(CLI::App& app);
void add_patch(CLI::App& app);
void add_export(CLI::App& app);
void add_inspect(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_generate(CLI::App& app);
void add_parity(CLI::App& app);
void add_bench(CLI::App& app);

inline constexpr const char* kModelHelp =
    "A Hugging Face folder, a .gguf file, or a repository in the local cache (owner/name)";

/// A command with one line of description and an example below its help.
CLI::App& add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& example);

/// What commands that run an experiment have in common.
struct ExperimentOptions {
  std::string experiment;             // the file
  std::vector<std::string> settings;  // key=value
  int threads = 0;                    // as set_threads takes it
  bool quiet = false;
};
void add_experiment_options(CLI::App& command, ExperimentOptions& options);

/// What a command's callback throws to end the program with a status and no message.
struct Exit {
  int status;
};

}  // namespace tertium
