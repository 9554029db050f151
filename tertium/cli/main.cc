#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <system_error>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/process.h"
#include "tertium/formats/model_path.h"
#include "tertium/version.h"

namespace tertium {

CLI::App& add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& example) {
  CLI::App& command = *app.add_subcommand(name, description);
  command.footer("Example:\n  " + example);
  return command;
}

void add_threads_option(CLI::App& command, int& threads) {
  constexpr int kMost = 1024;  // beyond it threads fail to start, and then OpenMP ends the program
  command.add_option("--threads", threads, "Threads for matrix products; 0: as many as cores")
      ->capture_default_str()
      ->check(CLI::Range(0, kMost));
}

void add_hardware_options(CLI::App& command, Hardware& hardware) {
  command
      .add_option("--device", hardware.device,
                  "auto, cpu, cuda or cuda:<i>; auto is $TERTIUM_DEVICE, or the first GPU, or the CPU")
      ->capture_default_str();
  command.add_option("--device-map", hardware.map,
                     "Spread the blocks over several GPUs: auto, by free memory, or as in cuda:0=0-15,cuda:1=16-31; "
                     "$TERTIUM_DEVICE_MAP where it is not given");
  command
      .add_option("--kernels", hardware.kernels,
                  "auto, tuned (the CPU's own) or aten (LibTorch's, on any device); auto is $TERTIUM_KERNELS, or the "
                  "fastest that the device has")
      ->capture_default_str();
}

void add_adapter_option(CLI::App& command, std::filesystem::path& adapter) {
  command.add_option_function<std::string>(
      "--adapter", [&adapter](const std::string& name) { adapter = find_adapter(name); },
      "A LoRA adapter to add to the weights: a folder that PEFT saved, or a repository in the local cache");
}

void add_experiment_options(CLI::App& command, ExperimentOptions& options) {
  command.add_option("experiment", options.experiment, "The experiment file (TOML; docs/experiment.md)")->required();
  command
      .add_option("--set", options.settings,
                  "Replace a key of the experiment: key=value, for example task.limit=20; may be repeated")
      ->allow_extra_args(false);
  add_threads_option(command, options.threads);
  command.add_flag("--quiet", options.quiet, "No progress on standard error");
}

#define TERTIUM_COMMAND(name) void add_##name(CLI::App& app);
#include "tertium/cli/commands.def"
#undef TERTIUM_COMMAND

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

/// One line that names the culprit, like every other error; CLI11 by itself does not name a command that it does not
/// know.
std::string usage_error(CLI::App& app, const CLI::ParseError& error) {
  constexpr std::size_t kLongest = 300;
  if (const auto asked = app.get_subcommands(); !asked.empty())
    return fmt::format("{}; see tertium {} --help", printable(error.what(), kLongest), asked.front()->get_name());
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  const std::vector<std::string> words = app.remaining();
  if (words.empty()) return "name a command: " + join(known);
  const std::string near = nearest(words.front(), known);
  return fmt::format("\"{}\" is no command; {}", printable(words.front()),
                     near.empty() ? "known: " + join(known) : "did you mean \"" + near + "\"?");
}

void say_error(std::string_view what) { write_error(fmt::format("Error: {}\n", what)); }

/// Texts and names of files go into results, which are UTF-8.
void demand_utf8(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (!is_utf8(argv[i]))
      fail("\"{}\" on the command line is not UTF-8; rename the file, or check the terminal's encoding",
           printable(argv[i], 200));
}

int run(int argc, char** argv) {
  CLI::App app(
      "tertium: is the meaning misaligned inside a multilingual model, at which layer, and does aligning it repair the "
      "answer?");
  app.set_version_flag("--version", "tertium " TERTIUM_VERSION);
  app.require_subcommand(1);
  app.footer(
      "tertium COMMAND --help shows a command's options and an example; tertium manual md prints all of them.\n"
      "A status of 0 says that all was done, 1 that something was not, 2 that the command line cannot be understood.");
  std::string heading;
#define TERTIUM_HEADING(title) heading = title;
#define TERTIUM_COMMAND(name) add_##name(app), app.get_subcommands({}).back()->group(heading);
#include "tertium/cli/commands.def"
#undef TERTIUM_COMMAND
  try {
    demand_utf8(argc, argv);
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      fail("standard output cannot be written; is that disk full?");
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    say_error(usage_error(app, error));
    return kUsage;
  } catch (const Exit& exit) {
    return exit.status;
  } catch (const Error& error) {
    say_error(error.what());
  } catch (const std::bad_alloc&) {
    say_error("out of memory; try dtype bf16, a smaller --batch-rows or a smaller limit");
  } catch (const std::system_error& error) {  // of a file system, of standard output while it is printed, of a thread
    const bool of_thread = error.code() == std::errc::resource_unavailable_try_again;
    say_error(of_thread
                  ? "no more threads can be started; raise the limits of processes and memory (ulimit -u, ulimit -v)"
                  : fmt::format("{}; check permissions and the space left on that disk", error.what()));
  } catch (const std::exception& error) {
    say_error(fmt::format("{} (this is a bug in tertium; please report it)", error.what()));
  }
  return kFailed;
}

}  // namespace
}  // namespace tertium

int main(int argc, char** argv) {
  tertium::keep_standard_streams();
  tertium::wait_passively(argv);
  tertium::keep_freed_memory();
  tertium::explain_lost_files();
  return tertium::run(argc, argv);
}
