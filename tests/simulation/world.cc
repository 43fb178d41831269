#include "tests/simulation/world.h"

#include <algorithm>
#include <utility>

#include "weft/coro/scope.h"

#include "tests/simulation/worker.h"

namespace weft::simulation {
namespace {

using namespace std::chrono_literals;

// Longer than any call takes in a gentle run: what a drain is given there.
constexpr Duration kLongGrace = 10min;
// How long a run may take in virtual time before something is taken to hang.
constexpr Duration kLongestRun = 30min;
// What the last words of the slowest connection may take.
constexpr Duration kLongestEnd = 1min;
constexpr std::uint16_t kPort = 50051;

void start_on(net::SimLoop& loop, Task<>& task) {
  loop.enter([&] { task.start(nullptr, {[](void*) noexcept {}, nullptr}); });
}

}  // namespace

Rules World::rules_of(std::uint64_t seed) { return {.gentle = seed % 3 == 0}; }

World::World(std::uint64_t seed)
    : seed_(seed),
      dice_(seed),
      gentle_(seed % 3 == 0),
      book_(rules_of(seed)),
      network_(seed, draw_link()),
      channel_options_(draw_channel_options()) {}

World::~World() = default;

// ---- What is drawn from the seed
// -----------------------------------------------------------------

net::SimLink World::draw_link() {
  net::SimLink link{.latency = dice_.between(50us, 20ms), .jitter = dice_.between(0us, 20ms)};
  link.segment = 1 + dice_.below(dice_.one_in(4) ? 40 : 1460);
  link.window = 1 + dice_.below(dice_.one_in(4) ? 2'000 : 256'000);
  if (dice_.one_in(4)) link.bandwidth = 20'000 + dice_.below(1'000'000);
  if (dice_.one_in(2)) link.loss = 0.02 * dice_.part();
  link.retransmit = dice_.between(10ms, 300ms);
  if (!gentle_ && dice_.one_in(2)) link.reset = 0.002 * dice_.part();
  return link;
}

ServerOptions World::draw_server_options(net::SimLoop& loop) {
  ServerOptions options{.listen = ":" + std::to_string(kPort), .loops = {&loop}};
  options.max_calls_per_connection =
      static_cast<std::uint32_t>(1 + dice_.below(dice_.one_in(2) ? 4 : 200));
  if (dice_.one_in(2)) options.max_connection_age = dice_.between(50ms, 2s);
  if (dice_.one_in(4)) options.max_connection_idle = dice_.between(20ms, 500ms);
  options.stream_window = static_cast<std::uint32_t>(65'535 + dice_.below(200'000));
  options.connection_window = static_cast<std::uint32_t>(65'535 + dice_.below(500'000));
  options.min_ping_interval = 1ms;
  options.ping_without_calls = true;
  if (gentle_) return options;
  if (dice_.one_in(3)) options.max_connection_age_grace = dice_.between(10ms, 1s);
  if (dice_.one_in(2)) options.keepalive_time = dice_.between(100ms, 2s);
  if (dice_.one_in(2)) options.keepalive_timeout = dice_.between(50ms, 1s);
  if (book_.rules().calls_limited) options.max_calls = 1 + dice_.below(20);
  return options;
}

ChannelOptions World::draw_channel_options() {
  ChannelOptions options{.initial_backoff = dice_.between(1ms, 100ms),
                         .max_backoff = dice_.between(100ms, 2s)};
  options.connect_timeout = gentle_ ? 1min : dice_.between(100ms, 2s);
  options.max_connections = 1 + dice_.below(4);
  options.stream_window = static_cast<std::uint32_t>(65'535 + dice_.below(200'000));
  options.connection_window = static_cast<std::uint32_t>(65'535 + dice_.below(500'000));
  if (dice_.one_in(4)) options.idle_timeout = dice_.between(10ms, 500ms);
  if (gentle_) return options;
  // What a partition has swallowed is noticed by nothing else.
  options.keepalive_time = dice_.between(100ms, 2s);
  options.keepalive_timeout = dice_.between(50ms, 1s);
  options.keepalive_without_calls = dice_.one_in(2);
  return options;
}

// ---- Hosts
// ---------------------------------------------------------------------------------------

Caller::MakeChannel World::channel_maker() {
  return [this](const std::string& server) {
    return std::make_unique<Channel>(server + ":" + std::to_string(kPort), channel_options_);
  };
}

void World::make_hosts() {
  const std::size_t servers = 1 + dice_.below(3);
  const std::size_t clients = 1 + dice_.below(3);
  for (std::size_t i = 0; i < servers; ++i) {
    servers_.push_back(std::make_unique<ServerHost>(network_.host("server-" + std::to_string(i)),
                                                    book_, channel_maker()));
    server_names_.push_back(servers_.back()->loop.name());
    start_server(*servers_.back());
  }
  for (std::size_t i = 0; i < clients; ++i) {
    clients_.push_back(std::make_unique<ClientHost>(network_.host("client-" + std::to_string(i)),
                                                    book_, channel_maker()));
  }
}

void World::start_server(ServerHost& host) {
  host.server = std::make_unique<Server>(draw_server_options(host.loop));
  host.server->add<Worker>(book_, host.loop.name(), &host.caller);
  // A listener that is going frees its port within this instant.
  for (int i = 0; i < 1000; ++i) {
    const Status status = host.server->start();
    if (status.ok()) return;
    if (i == 999) fault("a server does not start: " + status.to_string());
    network_.step();
  }
}

void World::drain_server(ServerHost& host) {
  if (host.server == nullptr) return;
  host.drains.push_back(
      host.server->shutdown(gentle_ || dice_.one_in(2) ? kLongGrace : dice_.between(1ms, 500ms)));
  start_on(host.loop, host.drains.back());
  host.retired.push_back(std::move(host.server));
  start_server(host);
  count("drain");
}

void World::kill_server(ServerHost& host) {
  if (host.server == nullptr) return;
  host.server.reset();
  count("kill");
}

// ---- Calls
// ---------------------------------------------------------------------------------------

Task<> World::make_calls(World& world, ClientHost& host, std::size_t count) {
  Scope scope(co_await current_context());
  for (std::size_t i = 0; i < count; ++i) {
    scope.spawn(host.caller.call(world.next_plan()));
    static_cast<void>(co_await net::sleep(world.dice_.between(0us, 40ms)));
  }
  co_await scope.join();
}

// ---- Trouble
// -------------------------------------------------------------------------------------

std::pair<std::string, std::string> World::any_pair() {
  const std::string& server = any_server().loop.name();
  if (servers_.size() > 1 && dice_.one_in(4)) return {any_server().loop.name(), server};
  return {any_client().loop.name(), server};
}

void World::make_trouble() {
  if (dice_.one_in(3)) {
    const auto [a, b] = any_pair();
    network_.set_link(a, b, draw_link());
    count("new link");
  }
  gentle_ ? make_gentle_trouble() : make_hostile_trouble();
}

void World::make_gentle_trouble() {
  switch (dice_.below(4)) {
    case 0:
    case 1:
      return drain_server(any_server());
    case 2: {
      // Too short for anybody to give up.
      const auto [a, b] = any_pair();
      network_.partition(a, b);
      network_.run_for(dice_.between(1ms, 200ms));
      network_.heal(a, b);
      return count("stall");
    }
    default:
      return;
  }
}

void World::make_hostile_trouble() {
  const auto [a, b] = any_pair();
  ServerHost& host = any_server();
  switch (dice_.below(9)) {
    case 0:
      network_.break_connections(a, b);
      return count("break");
    case 1:
      network_.partition(a, b);
      return count("partition");
    case 2:
    case 3:
      return network_.heal(a, b);
    case 4:
      network_.set_down(host.loop.name(), true);
      return count("outage");
    case 5:
      return network_.set_down(host.loop.name(), false);
    case 6:
      return kill_server(host);
    case 7:
      if (host.server == nullptr) return start_server(host);
      return drain_server(host);
    default:
      if (!dice_.one_in(3)) return;
      book_.rules().channels_dropped = true;
      any_client().caller.drop_channel(host.loop.name());
      return count("channel drop");
  }
}

void World::recover() {
  for (const auto& host : servers_) {
    network_.set_down(host->loop.name(), false);
    if (host->server == nullptr) start_server(*host);
    for (const auto& client : clients_) network_.heal(client->loop.name(), host->loop.name());
    for (const auto& other : servers_) network_.heal(other->loop.name(), host->loop.name());
  }
}

// ---- The run
// -------------------------------------------------------------------------------------

Outcome World::run() {
  const TimePoint begun = network_.now();
  book_.rules().calls_limited = !gentle_ && dice_.one_in(4);
  make_hosts();
  run_calls();
  end();
  book_.judge();
  check_nothing_is_left();
  return {.seed = seed_,
          .trace_hash = network_.trace_hash(),
          .lasted = network_.now() - begun,
          .totals = book_.totals(),
          .trouble = trouble_,
          .faults = book_.faults()};
}

void World::run_calls() {
  for (const auto& client : clients_) {
    client->calls = make_calls(*this, *client, 20 + dice_.below(80));
    start_on(client->loop, client->calls);
  }
  const auto over = [this] {
    return std::all_of(clients_.begin(), clients_.end(),
                       [](const auto& client) { return client->calls.done(); });
  };
  for (std::size_t i = 0; i < 100 && !over(); ++i) {
    network_.run_for(dice_.between(0us, 100ms));
    make_trouble();
  }
  recover();
  if (!network_.run_while_not(over, kLongestRun)) {
    fault("calls are left after " + weft::to_string(kLongestRun));
  }
  // That a call is over reaches its handler too, while the connections are still there.
  const auto served = [this] { return book_.handlers_running() == 0; };
  if (!network_.run_while_not(served, kLongestEnd)) {
    fault("handlers run " + weft::to_string(kLongestEnd) + " after the last call has ended");
  }
}

void World::end() {
  for (const auto& client : clients_) client->caller.drop_channels();
  for (const auto& host : servers_) host->caller.drop_channels();
  for (const auto& host : servers_) {
    if (host->server == nullptr) continue;
    host->drains.push_back(host->server->shutdown(kLongGrace));
    start_on(host->loop, host->drains.back());
  }
  if (!network_.run_until_idle(kLongestRun)) fault("something goes on when all is over");
}

void World::check_nothing_is_left() {
  const Book::Totals totals = book_.totals();
  if (totals.open != 0) fault(std::to_string(totals.open) + " calls are open at the end");
  if (totals.handlers_running != 0) {
    fault(std::to_string(totals.handlers_running) + " handlers run at the end");
  }
  for (const auto& host : servers_) {
    if (host->server != nullptr) host->retired.push_back(std::move(host->server));
    for (const auto& server : host->retired) {
      if (server->active_calls() == 0 && server->active_connections() == 0) continue;
      fault(host->loop.name() + " has " + std::to_string(server->active_calls()) + " calls and " +
            std::to_string(server->active_connections()) + " connections at the end");
    }
    for (const Task<>& drain : host->drains) {
      if (!drain.done()) fault("a drain of " + host->loop.name() + " has not ended");
    }
  }
  if (network_.connections() != 0) {
    fault(std::to_string(network_.connections()) + " connections are left on the network");
  }
}

}  // namespace weft::simulation
