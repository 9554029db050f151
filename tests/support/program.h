#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tertium::test {

/// What a program left behind.
struct Finished {
  int status = 0;  // the exit status; 128 + the signal if one ended it
  std::string out;
  std::string err;
};

/// Runs the real tertium with `arguments` and nothing on standard input, and waits for its end. Standard output may go
/// to another file than the one that Finished::out is read from.
Finished run_program(const std::vector<std::string>& arguments, const std::filesystem::path& out_file = {});

/// Starts it and sends it a signal after some time, unless it has ended before.
Finished kill_program(const std::vector<std::string>& arguments, std::chrono::milliseconds after, int signal);

/// Runs it several times at once, each with variables of its own in the environment. `meanwhile` is told the processes.
std::vector<Finished> run_programs(const std::vector<std::string>& arguments,
                                   const std::vector<std::map<std::string, std::string>>& variables,
                                   const std::function<void(const std::vector<int>&)>& meanwhile = {});

/// Runs it, expects success, and returns its standard output.
std::string output_of(const std::vector<std::string>& arguments);

/// The commands that `tertium --help` lists.
std::vector<std::string> command_names();

std::vector<std::string> lines_of(const std::string& text);

}  // namespace tertium::test
