#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/coro/task.h"
#include "weft/net/sim_loop.h"
#include "weft/rpc/server.h"

#include "tests/simulation/book.h"
#include "tests/simulation/caller.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/plan.h"

namespace weft::simulation {

/// What happened in a run, and what should not have.
struct Outcome {
  std::uint64_t seed = 0;
  std::uint64_t trace_hash = 0;
  Duration lasted{};
  Book::Totals totals;
  /// How often each kind of trouble was made.
  std::map<std::string_view, std::size_t> trouble;
  std::vector<std::string> faults;
};

/// Some servers and some clients on a simulated network, everything about them drawn from a seed:
/// how the network is, how the hosts are set up, which calls are made, and what goes wrong when.
///
/// Of three seeds one is gentle: slow, lossy and reordered between connections, with servers that
/// are drained and replaced all the time, but nothing that may cost a call. There every call ends
/// as its handler, its deadline or its caller says. In the others connections are reset, hosts are
/// cut off or down, servers are killed and channels dropped.
class World {
 public:
  explicit World(std::uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  Outcome run();

 private:
  /// A host with a server that comes and goes; it asks other servers too.
  struct ServerHost {
    ServerHost(net::SimLoop& on, Book& book, Caller::MakeChannel make_channel)
        : loop(on), caller(book, std::move(make_channel)) {}
    net::SimLoop& loop;
    Caller caller;
    std::unique_ptr<Server> server;
    /// Draining, and the tasks that do it.
    std::vector<std::unique_ptr<Server>> retired;
    std::vector<Task<>> drains;
  };
  struct ClientHost {
    ClientHost(net::SimLoop& on, Book& book, Caller::MakeChannel make_channel)
        : loop(on), caller(book, std::move(make_channel)) {}
    net::SimLoop& loop;
    Caller caller;
    Task<> calls;
  };

  net::SimLink draw_link();
  ServerOptions draw_server_options(net::SimLoop& loop);
  ChannelOptions draw_channel_options();
  CallPlan next_plan() { return draw_plan(dice_, next_call_++, server_names_, gentle_); }

  Caller::MakeChannel channel_maker();
  void make_hosts();
  static Task<> make_calls(World& world, ClientHost& host, std::size_t count);
  void start_server(ServerHost& host);
  void drain_server(ServerHost& host);
  void kill_server(ServerHost& host);

  // What goes wrong
  void make_trouble();
  void make_gentle_trouble();
  void make_hostile_trouble();
  void recover();
  ServerHost& any_server() { return *servers_[dice_.below(servers_.size())]; }
  ClientHost& any_client() { return *clients_[dice_.below(clients_.size())]; }
  /// Two hosts that may talk to each other.
  std::pair<std::string, std::string> any_pair();
  void count(std::string_view what) { ++trouble_[what]; }

  void run_calls();
  void end();
  void check_nothing_is_left();
  void fault(const std::string& what) { book_.fault(0, what); }
  static Rules rules_of(std::uint64_t seed);

  const std::uint64_t seed_;
  // Its own, so that what is drawn does not depend on what the network draws.
  Dice dice_;
  const bool gentle_;
  Book book_;
  net::SimNetwork network_;
  ChannelOptions channel_options_;
  std::vector<std::unique_ptr<ServerHost>> servers_;
  std::vector<std::unique_ptr<ClientHost>> clients_;
  std::vector<std::string> server_names_;
  std::uint64_t next_call_ = 1;
  std::map<std::string_view, std::size_t> trouble_;
};

}  // namespace weft::simulation
