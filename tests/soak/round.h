#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weft/net/loop_thread.h"
#include "weft/rpc/server.h"

#include "tests/simulation/book.h"
#include "tests/simulation/caller.h"
#include "tests/simulation/dice.h"
#include "tests/soak/fault_proxy.h"

namespace weft::soak {

struct RoundOptions {
  std::uint64_t seed = 1;
  Duration lasts = std::chrono::seconds(10);
  /// Calls at the same time on each of the clients' loops.
  std::size_t in_flight = 64;
  /// How late a deadline may be noticed: this is a machine with other things to do.
  Duration tolerance = std::chrono::seconds(5);
};

struct RoundReport {
  simulation::Book::Totals totals;
  std::size_t restarts = 0;
  std::uint64_t connections = 0;
  std::uint64_t broken = 0;
  std::uint64_t stalled = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> faults;
};

/// Servers and clients that are made, work through fault proxies while servers are replaced, and
/// are taken down again; what the process holds afterwards is what it held before.
class Round {
 public:
  explicit Round(const RoundOptions& options);
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;
  ~Round();

  RoundReport run();

 private:
  /// A server and what its handlers call others with; both come and go together.
  struct Instance {
    Instance(Round& round, const std::string& name, std::size_t threads);
    simulation::Caller caller;
    Server server;
  };
  /// A name in the book: the proxy stays, the instances behind it change.
  struct Place {
    std::string name;
    std::size_t threads;
    std::unique_ptr<FaultProxy> proxy;
    std::unique_ptr<Instance> instance;
  };
  struct Client {
    Client(Round& round, std::uint64_t seed);
    net::LoopThread thread;
    simulation::Caller caller;
    simulation::Dice dice;
  };

  simulation::Caller::MakeChannel channel_maker();
  std::unique_ptr<Channel> make_channel(const std::string& server);
  void start(Place& place);
  static Task<> drive(Round& round, Client& client);
  static Task<> drop_channels(Client& client);
  void call_blocking(std::uint64_t seed);
  void replace_servers();
  bool clients_end();
  void take_down();

  const RoundOptions options_;
  simulation::Dice dice_;
  simulation::Book book_;
  ProxyCounts counts_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Place>> places_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::atomic<std::uint64_t> next_call_{1};
  std::atomic<bool> stop_{false};
  std::size_t restarts_ = 0;
};

}  // namespace weft::soak
