#include "tertium/cli/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <utility>

namespace tertium {
namespace {

// A signal's handler may take no memory, hold no lock and call little: what follows reads and writes by itself.

void say(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// The lines of /proc/self/maps, "7f00-7f80 r--p 00000000 08:01 1234   /models/model.safetensors", byte by byte.
class Maps {
 public:
  Maps() : file_(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) {}
  ~Maps() { ::close(file_); }

  /// The path of the file that is mapped at `address`, into `path`; false if none is.
  bool find(std::uintptr_t address, char* path, std::size_t room) {
    for (;;) {
      const std::uintptr_t begin = hexadecimal(), end = hexadecimal();
      std::size_t length = 0;
      int byte = next();
      for (; byte >= 0 && byte != '\n'; byte = next())
        if ((length > 0 || byte == '/') && length + 1 < room) path[length++] = static_cast<char>(byte);
      path[length] = 0;
      if (begin <= address && address < end) return length > 0;
      if (byte < 0) return false;
    }
  }

 private:
  int next() {
    if (at_ == size_) {
      size_ = ::read(file_, bytes_, sizeof bytes_);
      at_ = 0;
      if (size_ <= 0) return size_ = 0, -1;
    }
    return static_cast<unsigned char>(bytes_[at_++]);
  }

  /// And the byte behind it.
  std::uintptr_t hexadecimal() {
    std::uintptr_t value = 0;
    for (int byte = next();; byte = next()) {
      if (byte >= '0' && byte <= '9')
        value = value * 16 + static_cast<std::uintptr_t>(byte - '0');
      else if (byte >= 'a' && byte <= 'f')
        value = value * 16 + static_cast<std::uintptr_t>(byte - 'a' + 10);
      else
        return value;
    }
  }

  int file_;
  char bytes_[1024];
  ssize_t at_ = 0, size_ = 0;
};

void on_lost_page(int signal, siginfo_t* info, void*) {
  static std::atomic_flag said;
  char path[4096];
  if (!Maps().find(reinterpret_cast<std::uintptr_t>(info->si_addr), path, sizeof path)) {
    ::signal(signal, SIG_DFL);  // no file's page: a bug of ours, which the same access tells again
    return;
  }
  while (said.test_and_set()) ::pause();  // other threads come here too
  say(::isatty(STDERR_FILENO) ? "\r\x1b[2KError: " : "Error: ");
  say(path);
  say(": was cut short, or its disk failed, while tertium was reading it; keep model files as they are, and run "
      "again\n");
  ::_exit(1);
}

std::atomic<int> stopping = 0;

void on_stop(int signal) { stopping = signal; }

}  // namespace

void stop_on_signals() {
  struct sigaction action = {};
  action.sa_handler = on_stop;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  for (const int signal : {SIGTERM, SIGINT}) ::sigaction(signal, &action, nullptr);
}

int stopping_signal() { return stopping; }

void keep_standard_streams() {
  // Each gets the lowest number that is free. Nothing can be written to what is open for reading only.
  for (const auto& [stream, access] :
       {std::pair(STDIN_FILENO, O_RDONLY), std::pair(STDOUT_FILENO, O_RDONLY), std::pair(STDERR_FILENO, O_WRONLY)})
    if (fcntl(stream, F_GETFD) < 0 && errno == EBADF) (void)!open("/dev/null", access);
}

void write_error(std::string_view text) {
  // A pipe without a reader sends a signal that ends the program; it is taken away before it arrives.
  sigset_t broken_pipe, before;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) {
      const timespec now{};
      sigtimedwait(&broken_pipe, nullptr, &now);
    }
    if (written <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void wait_passively(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY")) return;
  setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/1);
  execv("/proc/self/exe", argv);  // returns only if it failed, and then the run is merely slower
}

void keep_freed_memory() {
  constexpr int kLargestPiece = 32 << 20;  // glibc takes no more
  constexpr int kLargestRest = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kLargestPiece);
  mallopt(M_TRIM_THRESHOLD, kLargestRest);
}

void explain_lost_files() {
  struct sigaction action = {};
  action.sa_sigaction = on_lost_page;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

void give_back_freed_memory() { malloc_trim(0); }

}  // namespace tertium
