#include "tertium/cli/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tertium/base/error.h"

extern char** environ;

namespace tertium {
namespace {

/// Not read_text_file: what a program says of its troubles may be anything.
std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct FileActions {
  posix_spawn_file_actions_t actions;
  FileActions() { posix_spawn_file_actions_init(&actions); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { posix_spawn_file_actions_destroy(&actions); }
  void open(int descriptor, const std::filesystem::path& path, int flags) {
    posix_spawn_file_actions_addopen(&actions, descriptor, path.c_str(), flags, 0644);
  }
};

}  // namespace

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path program = std::filesystem::path(folder) / name;
    if (!folder.empty() && access(program.c_str(), X_OK) == 0) return program;
  }
  return {};
}

ScratchFolder::ScratchFolder() {
  std::error_code problem;
  std::string name = (std::filesystem::temp_directory_path(problem) / "tertium-XXXXXX").string();
  if (problem || !mkdtemp(name.data())) fail("{}: no folder can be made there; set TMPDIR to one with room", name);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ChildResult run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                        const std::filesystem::path& input, const std::filesystem::path& output,
                        const ScratchFolder& scratch) {
  const std::filesystem::path errors = scratch.path() / "errors";
  FileActions files;
  files.open(STDIN_FILENO, input, O_RDONLY);
  files.open(STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC);
  files.open(STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_TRUNC);
  std::string name = program.string();
  std::vector<std::string> texts = arguments;
  std::vector<char*> argv = {name.data()};
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  if (const int code = posix_spawn(&child, name.c_str(), &files.actions, nullptr, argv.data(), environ); code != 0)
    fail("{}: cannot be run ({})", name, std::strerror(code));
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail("{}: was lost ({})", name, std::strerror(errno));
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), bytes_of(errors)};
}

}  // namespace tertium
