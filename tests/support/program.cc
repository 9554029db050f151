#include "tests/support/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
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

/// `started` is told the process.
Finished run(const std::vector<std::string>& arguments, const std::filesystem::path& out_file,
             const std::function<void(pid_t)>& started) {
  const TempFolder folder;
  const auto out = folder.path() / "stdout", err = folder.path() / "stderr";
  std::vector<std::string> words = {TERTIUM_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  pid_t process = 0;
  const Streams streams(out_file.empty() ? out : out_file, err);
  check(posix_spawn(&process, TERTIUM_BINARY, streams.actions(), nullptr, pointers.data(), environ), TERTIUM_BINARY);
  started(process);
  const int status = exit_status_of(process);
  return {status, bytes_of(out), bytes_of(err)};
}

}  // namespace

Finished run_program(const std::vector<std::string>& arguments, const std::filesystem::path& out_file) {
  return run(arguments, out_file, [](pid_t) {});
}

Finished kill_program(const std::vector<std::string>& arguments, std::chrono::milliseconds after, int signal) {
  return run(arguments, {}, [&](pid_t process) {
    std::this_thread::sleep_for(after);
    ::kill(process, signal);  // of one that has ended nobody has asked yet, so the number is still its own
  });
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
