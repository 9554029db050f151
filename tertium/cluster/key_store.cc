#include "tertium/cluster/key_store.h"

#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <cstdlib>

#include "tertium/base/error.h"

C10_DECLARE_int(caffe2_log_level);

namespace tertium {
namespace {

constexpr std::chrono::seconds kAttempt{5};  // to connect
constexpr std::chrono::seconds kPatience{60};

/// What LibTorch says of a lost connection is many lines; the error that it throws suffices.
void keep_quiet() {
  if (!std::getenv("TORCH_CPP_LOG_LEVEL")) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
}

c10d::TCPStoreOptions options_for(int port, bool is_server) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(port);
  options.isServer = is_server;
  options.waitWorkers = false;
  // The one that hosts is its own first client: that one is there, however long the machine takes to say so.
  options.timeout = is_server ? kPatience : kAttempt;
  return options;
}

/// Calls it, and makes one line of what it throws.
template <class Call>
auto told(Call call) {
  try {
    return call();
  } catch (const std::exception&) {
    fail(
        "the process that hands out units (rank 0, or the launcher) does not answer any more; what this worker has "
        "done is stored, and the same command goes on");
  }
}

}  // namespace

struct KeyStore::Remote {
  c10::intrusive_ptr<c10d::Store> store;  // as its base, whose calls of texts the class itself hides
  int port = 0;
  std::string prefix;
};

KeyStore::KeyStore(std::unique_ptr<Remote> remote) : remote_(std::move(remote)) {}
KeyStore::KeyStore(KeyStore&&) noexcept = default;
KeyStore& KeyStore::operator=(KeyStore&&) noexcept = default;
KeyStore::~KeyStore() = default;

KeyStore KeyStore::host(int port) {
  keep_quiet();
  try {
    auto store = c10::make_intrusive<c10d::TCPStore>("localhost", options_for(port, true));
    const int own = store->getPort();
    return KeyStore(std::make_unique<Remote>(Remote{std::move(store), own, ""}));
  } catch (const std::exception&) {
    fail("port {} cannot be opened to hand out units; is it in use? Set another MASTER_PORT, the same for all workers",
         port);
  }
}

std::optional<KeyStore> KeyStore::connect(const std::string& address, int port, const std::string& prefix) {
  keep_quiet();
  try {
    auto store = c10::make_intrusive<c10d::TCPStore>(address, options_for(port, false));
    store->setTimeout(kPatience);
    return KeyStore(std::make_unique<Remote>(Remote{std::move(store), port, prefix}));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

int KeyStore::port() const { return remote_->port; }

void KeyStore::set(const std::string& key, const std::string& value) const {
  told([&] {
    remote_->store->set(remote_->prefix + key, value);
    // Nothing answers a set. What is asked behind it on this connection is answered after it, so others see it then.
    remote_->store->check({remote_->prefix + key});
  });
}

std::optional<std::string> KeyStore::get(const std::string& key) const {
  return told([&]() -> std::optional<std::string> {
    if (!remote_->store->check({remote_->prefix + key})) return std::nullopt;
    return remote_->store->get_to_str(remote_->prefix + key);
  });
}

std::string KeyStore::exchange(const std::string& key, const std::string& expected, const std::string& desired) const {
  return told([&] { return remote_->store->compareSet(remote_->prefix + key, expected, desired); });
}

}  // namespace tertium
