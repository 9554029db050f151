#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tertium {

/// Texts by key that all processes of a launch see: LibTorch's c10d store, kept by one process and reached over the
/// network. Every call throws Error where that process does not answer.
class KeyStore {
 public:
  /// Keeps one, as long as it lives. `port` 0: any that is free. Throws Error if it cannot be had.
  static KeyStore host(int port);
  /// One that another process keeps; all keys begin with `prefix`. Absent where none answers within some seconds.
  static std::optional<KeyStore> connect(const std::string& address, int port, const std::string& prefix);

  KeyStore(KeyStore&&) noexcept;
  KeyStore& operator=(KeyStore&&) noexcept;
  ~KeyStore();

  int port() const;
  void set(const std::string& key, const std::string& value) const;
  /// What is there; it is not waited for.
  std::optional<std::string> get(const std::string& key) const;
  /// Puts `desired` in place of `expected` (empty: of nothing), in one step. What the key holds then.
  std::string exchange(const std::string& key, const std::string& expected, const std::string& desired) const;

 private:
  struct Remote;
  explicit KeyStore(std::unique_ptr<Remote> remote);
  std::unique_ptr<Remote> remote_;
};

}  // namespace tertium
