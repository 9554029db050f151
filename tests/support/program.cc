#include "tests/support/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <memory>
#include <iterator>
#include <sstream>
#include <system_error>
#include <thread>

#include "tests/support/files.h"

extern char** environ;

namespace tertium::test {
namespace {

constexpr int kSignalled = 128;  // as a shell counts

void check(int code, const char* what) {
  if (code != 0) throw std::system_error(code, std::generic_category(), what);
}

/// What the program starts with in place of our own standard streams. Files, not pipes: nothing has to be read
/// meanwhile.
class Streams {
 public:
  Streams(const std::filesystem::path& out, const std::filesystem::path& err) {
    check(posix_spawn_file_actions_init(&actions_), "posix_spawn_file_actions_init");
    add(STDIN_FILENO, "/dev/null", O_RDONLY);
    add(STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
    add(STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC);
  }
  ~Streams() { posix_spawn_file_actions_destroy(&actions_); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  void add(int stream, const char* file, int flags) {
    constexpr mode_t kOwnerOnly = 0600;
    check(posix_spawn_file_actions_addopen(&actions_, stream, file, flags, kOwnerOnly), file);
  }

  posix_spawn_file_actions_t actions_;
};

int exit_status_of(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) check(errno == EINTR ? 0 : errno, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// A process under way, and the files that it writes to.
class Program {
 public:
  /// `variables` come before what the environment has of the same name.
  Program(const std::vector<std::string>& arguments, const std::filesystem::path& out_file,
          const std::map<std::string, std::string>& variables = {}) {
    std::vector<std::string> words = {TERTIUM_BINARY}, settings;
    words.insert(words.end(), arguments.begin(), arguments.end());
    for (const auto& [name, value] : variables) settings.push_back(name + "=" + value);
    for (char** setting = environ; *setting; ++setting) settings.emplace_back(*setting);
    const Streams streams(out_file.empty() ? out_ : out_file, err_);
    check(posix_spawn(&process_, TERTIUM_BINARY, streams.actions(), nullptr, pointers_to(words).data(),
                      pointers_to(settings).data()),
          TERTIUM_BINARY);
  }

  pid_t process() const { return process_; }
  Finished finished() const {
    const int status = exit_status_of(process_);
    return {status, bytes_of(out_), bytes_of(err_)};
  }

 private:
  TempFolder folder_;
  std::filesystem::path out_ = folder_.path() / "stdout", err_ = folder_.path() / "stderr";
  pid_t process_ = 0;
};

}  // namespace

Finished run_program(const std::vector<std::string>& arguments, const std::filesystem::path& out_file) {
  return Program(arguments, out_file).finished();
}

Finished kill_program(const std::vector<std::string>& arguments, std::chrono::milliseconds after, int signal) {
  const Program program(arguments, {});
  std::this_thread::sleep_for(after);
  ::kill(program.process(), signal);  // of one that has ended nobody has asked yet, so the number is still its own
  return program.finished();
}

std::vector<Finished> run_programs(const std::vector<std::string>& arguments,
                                   const std::vector<std::map<std::string, std::string>>& variables,
                                   const std::function<void(const std::vector<int>&)>& meanwhile) {
  std::vector<std::unique_ptr<Program>> programs;
  std::vector<int> processes;
  for (const auto& own : variables) {
    programs.push_back(std::make_unique<Program>(arguments, std::filesystem::path(), own));
    processes.push_back(programs.back()->process());
  }
  if (meanwhile) meanwhile(processes);
  std::vector<Finished> all;
  for (const auto& program : programs) all.push_back(program->finished());
  return all;
}

std::string output_of(const std::vector<std::string>& arguments) {
  const Finished finished = run_program(arguments);
  EXPECT_EQ(finished.status, 0) << finished.err;
  return finished.out;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  constexpr std::string_view kHeading = "## tertium ";
  for (const std::string& line : lines_of(output_of({"manual", "md"})))
    if (line.starts_with(kHeading)) names.push_back(line.substr(kHeading.size()));
  return names;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace tertium::test
