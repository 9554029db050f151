#include "tertium/cluster/handed_out.h"

#include <unistd.h>

#include <array>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <stop_token>
#include <thread>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/cluster/key_store.h"

namespace tertium {
namespace {

constexpr char kLeft[] = "left", kOpen[] = "open";
constexpr std::chrono::milliseconds kPause{50};
constexpr std::chrono::seconds kLeaving{3};  // in which others hear that rank 0 ends early

std::string host_name() {
  std::array<char, 256> name = {};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] ? name.data() : "localhost";
}

std::string alive(const std::string& worker) { return "alive/" + worker; }
std::string member(int rank) { return "member/" + std::to_string(rank); }

/// Where rank 0 can be reached, as it left it in a file.
struct Address {
  std::string host;
  int port = 0;
};

std::filesystem::path address_file(const std::filesystem::path& folder) { return folder / "address"; }

std::optional<Address> read_address(const std::filesystem::path& folder, const std::string& launch) {
  std::ifstream file(address_file(folder));
  Address address;
  std::string name;
  constexpr int kMostPort = 65'535;
  if (!(file >> address.host >> address.port >> name) || name != launch || address.port < 1 || address.port > kMostPort)
    return std::nullopt;
  if (address.host == host_name()) address.host = "localhost";
  return address;
}

}  // namespace

struct HandedOut::Connection {
  std::optional<KeyStore> server;
  std::optional<KeyStore> keys, signs;  // the heartbeat has a connection of its own
  std::filesystem::path address;        // the file that rank 0 left
  std::jthread heartbeat;
};

HandedOut::HandedOut(const Launch& launch, const std::filesystem::path& folder, const Patience& patience)
    : launch_(launch), patience_(patience), connection_(std::make_unique<Connection>()) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  self_ = fmt::format("{} {} {} {}", launch.rank, host_name(), ::getpid(), now.count());
  const std::string name = launch.name.empty() ? "." : launch.name, prefix = "tertium/" + name + "/";
  Connection& connection = *connection_;
  const bool hosts = launch.rank == 0 && !launch.is_hosted;
  if (hosts) connection.server.emplace(KeyStore::host(launch.port));
  if (hosts && launch.address.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    connection.address = address_file(folder);
    if (!replace_file(connection.address, fmt::format("{} {} {}\n", host_name(), connection.server->port(), name)))
      fail("{}: cannot be written; the workers of a launch need a folder that all of them share",
           connection.address.string());
  }
  const auto connected = [&]() -> std::optional<KeyStore> {
    if (hosts) return KeyStore::connect("localhost", connection.server->port(), prefix);
    if (!launch.address.empty()) return KeyStore::connect(launch.address, launch.port, prefix);
    const std::optional<Address> address = read_address(folder, name);
    return address ? KeyStore::connect(address->host, address->port, prefix) : std::nullopt;
  };
  const Clock::time_point start = Clock::now();
  for (std::optional<KeyStore>* one : {&connection.keys, &connection.signs})
    while (!(*one = connected())) {
      if (Clock::now() - start > patience.joining)
        fail("worker {} of {} cannot reach rank 0{}; does it run, and can this host reach that one?", launch.rank,
             launch.size,
             launch.address.empty() ? " (no " + address_file(folder).string() + " of this launch)"
                                    : fmt::format(" at {} port {}", launch.address, launch.port));
      std::this_thread::sleep_for(kPause);
    }
  connection.signs->set(alive(self_), "0");
  connection.keys->set(member(launch.rank), self_);
  connection.heartbeat = std::jthread([this, &connection](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    try {
      for (std::uint64_t beat = 1;
           !wake.wait_for(lock, stop, patience_.heartbeat, [&] { return stop.stop_requested(); }); ++beat)
        connection.signs->set(alive(self_), std::to_string(beat));
    } catch (const Error&) {  // whoever uses the other connection is told
    }
  });
}

HandedOut::~HandedOut() {
  Connection& connection = *connection_;
  connection.heartbeat.request_stop();
  if (connection.heartbeat.joinable()) connection.heartbeat.join();
  try {
    if (connection.signs) connection.signs->set(alive(self_), kLeft);
    const Clock::time_point start = Clock::now();
    for (int rank = 1; connection.server && rank < launch_.size; ++rank)
      while (Clock::now() - start < kLeaving) {
        const std::optional<std::string> worker = connection.keys->get(member(rank));
        if (worker && state_of(*worker) != State::alive) break;
        std::this_thread::sleep_for(kPause);
      }
  } catch (const Error&) {
  }
  std::error_code ignored;
  if (connection.address.empty()) return;
  std::filesystem::remove(connection.address, ignored);
  std::filesystem::remove(connection.address.parent_path(), ignored);  // if nothing else is left there
}

void HandedOut::open(const std::string& word) { connection_->keys->set(kOpen, word); }

std::string HandedOut::await_open() {
  const Clock::time_point start = Clock::now();
  for (;;) {
    if (const std::optional<std::string> word = connection_->keys->get(kOpen)) return *word;
    const std::optional<std::string> first = connection_->keys->get(member(0));
    if (first ? state_of(*first) != State::alive : Clock::now() - start > patience_.joining)
      fail("worker {} of {}: rank 0 ended before any work began; its own error says why", launch_.rank, launch_.size);
    std::this_thread::sleep_for(kPause);
  }
}

std::vector<int> HandedOut::await_others() {
  std::vector<int> dead;
  const Clock::time_point start = Clock::now();
  for (int rank = 1; rank < launch_.size; ++rank)
    for (;;) {
      const std::optional<std::string> worker = connection_->keys->get(member(rank));
      const bool is_absent = !worker && Clock::now() - start > patience_.late;
      const State state = worker ? state_of(*worker) : State::alive;
      if (is_absent || state == State::dead) dead.push_back(rank);
      if (is_absent || state != State::alive) break;
      std::this_thread::sleep_for(kPause);
    }
  return dead;
}

// Clocks of hosts need not agree: whether a sign changes is seen here.
HandedOut::State HandedOut::state_of(const std::string& worker) {
  const std::string value = connection_->keys->get(alive(worker)).value_or("");
  const Clock::time_point now = Clock::now();
  const auto [found, is_new] = signs_.try_emplace(worker, Sign{value, now});
  if (value == kLeft) return State::left;
  if (!is_new && found->second.value != value) found->second = {value, now};
  return now - found->second.since > patience_.silence ? State::dead : State::alive;
}

std::size_t HandedOut::first_of(std::size_t count) const {
  return count * static_cast<std::size_t>(launch_.rank) / static_cast<std::size_t>(launch_.size);
}

bool HandedOut::take(const std::string& unit, Needed) {
  if (taken_.contains(unit)) return false;
  const std::string claim = "claim/" + unit;
  std::string holder = connection_->keys->exchange(claim, "", self_);
  if (holder != self_ && state_of(holder) != State::alive && !result(unit))
    holder = connection_->keys->exchange(claim, holder, self_);
  return holder == self_ && taken_.insert(unit).second;
}

void HandedOut::done(const std::string& unit, const std::string& result) {
  connection_->keys->set("done/" + unit, result);
}

std::optional<std::string> HandedOut::result(const std::string& unit) { return connection_->keys->get("done/" + unit); }

bool HandedOut::wait() {
  std::this_thread::sleep_for(kPause);
  return true;
}

}  // namespace tertium
