#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "tertium/base/error.h"
#include "tertium/cli/command.h"
#include "tertium/version.h"

namespace tertium {

CLI::App& add_command(CLI::App& app, const std::string& name, const std::string& description, const std::string& example) {
  CLI::App& command = *app.add_subcommand(name, description);
  command.footer("Example:\n  " + example);
  return command;
}

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

int run(int argc, char** argv) {
  CLI::App app("tertium: is the meaning misaligned inside a multilingual model, at which layer, and does aligning it repair the answer?");
  app.set_version_flag("--version", "tertium " TERTIUM_VERSION);
  app.require_subcommand(1);
  app.footer("tertium COMMAND --help shows a command's options and an example.");
  for (const auto add : {add_run, add_export, add_inspect, add_tokenize, add_parity}) add(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help, --version
    app.exit(error);
    return asked ? 0 : kUsage;
  } catch (const Exit& exit) {
    return exit.status;
  } catch (const Error& error) {
    fmt::print(stderr, "Error: {}\n", error.what());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "Error: out of memory; try dtype bf16, a smaller --batch-rows or a smaller limit\n");
  } catch (const std::exception& error) {
    fmt::print(stderr, "Error: {} (this is a bug in tertium; please report it)\n", error.what());
  }
  return kFailed;
}

}  // namespace
}  // namespace tertium

int main(int argc, char** argv) { return tertium::run(argc, argv); }
