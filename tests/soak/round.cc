#include "tests/soak/round.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>
#include <utility>

#include "weft/coro/scope.h"

#include "tests/simulation/part.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/worker.h"

namespace weft::soak {
namespace {

using namespace std::chrono_literals;
using simulation::CallPlan;
using simulation::Part;

// What a client's calls may take to end once no more are made.
constexpr Duration kLongestEnd = 60s;

TimePoint now() { return std::chrono::steady_clock::now(); }

ServerOptions server_options(std::size_t threads) {
  ServerOptions options{.listen = "127.0.0.1:0", .threads = threads};
  options.max_calls_per_connection = 40;
  options.max_connection_age = 2s;
  options.keepalive_time = 1s;
  options.keepalive_timeout = 2s;
  options.min_ping_interval = 1ms;
  options.ping_without_calls = true;
  return options;
}

}  // namespace

Round::Instance::Instance(Round& round, const std::string& name, std::size_t threads)
    : caller(round.book_, round.channel_maker()), server(server_options(threads)) {
  // A Caller belongs to one loop, so only a server of one thread asks others.
  server.add<simulation::Worker>(round.book_, name, threads == 1 ? &caller : nullptr);
}

Round::Client::Client(Round& round, std::uint64_t seed)
    : thread("soak-client"), caller(round.book_, round.channel_maker()), dice(seed) {}

Round::Round(const RoundOptions& options)
    : options_(options),
      dice_(options.seed),
      book_({.channels_dropped = true, .tolerance = options.tolerance}) {
  for (const std::size_t threads : {std::size_t{1}, std::size_t{2}, std::size_t{1}}) {
    auto place = std::make_unique<Place>();
    place->name = "server-" + std::to_string(places_.size());
    place->threads = threads;
    place->proxy = std::make_unique<FaultProxy>(dice_.below(1U << 30), counts_);
    names_.push_back(place->name);
    places_.push_back(std::move(place));
    start(*places_.back());
  }
  for (int i = 0; i < 2; ++i) {
    clients_.push_back(std::make_unique<Client>(*this, dice_.below(1U << 30)));
  }
}

Round::~Round() = default;

simulation::Caller::MakeChannel Round::channel_maker() {
  return [this](const std::string& server) { return make_channel(server); };
}

std::unique_ptr<Channel> Round::make_channel(const std::string& server) {
  const auto place =
      std::find_if(places_.begin(), places_.end(), [&](auto& it) { return it->name == server; });
  ChannelOptions options{.initial_backoff = 5ms, .max_backoff = 200ms, .connect_timeout = 2s};
  options.keepalive_time = 500ms;
  options.keepalive_timeout = 2s;
  return std::make_unique<Channel>("127.0.0.1:" + std::to_string((*place)->proxy->port()), options);
}

void Round::start(Place& place) {
  auto fresh = std::make_unique<Instance>(*this, place.name, place.threads);
  const Status status = fresh->server.start();
  if (!status.ok()) return book_.fault(0, "a server does not start: " + status.to_string());
  place.proxy->set_target(fresh->server.port());
  std::swap(place.instance, fresh);
  if (fresh == nullptr) return;
  fresh->server.stop(dice_.one_in(4) ? Duration{} : dice_.between(1ms, 500ms));
  ++restarts_;
}

Task<> Round::drive(Round& round, Client& client) {
  Scope scope(co_await current_context());
  while (!round.stop_) {
    if (scope.running() < round.options_.in_flight) {
      scope.spawn(client.caller.call(
          simulation::draw_plan(client.dice, round.next_call_++, round.names_, false)));
    }
    static_cast<void>(co_await net::sleep(client.dice.between(1us, 3ms)));
    if (client.dice.one_in(3000)) {
      client.caller.drop_channel(round.names_[client.dice.below(round.names_.size())]);
    }
  }
  co_await scope.join();
}

Task<> Round::drop_channels(Client& client) {
  client.caller.drop_channels();
  co_return;
}

/// A thread without a loop, call after call.
void Round::call_blocking(std::uint64_t seed) {
  simulation::Dice dice(seed);
  while (!stop_) {
    const std::unique_ptr<Channel> channel = make_channel(names_[dice.below(names_.size())]);
    // A few calls, then another channel.
    for (int i = 0; i < 50 && !stop_; ++i) {
      CallPlan plan;
      plan.call = next_call_++;
      const auto place = std::find_if(places_.begin(), places_.end(), [&](auto& it) {
        return channel->target().ends_with(":" + std::to_string(it->proxy->port()));
      });
      plan.server = (*place)->name;
      plan.timeout = dice.between(1ms, 2s);
      plan.request_size = plan.answer_size = static_cast<std::uint32_t>(dice.below(5000));
      const Metadata metadata = simulation::metadata_of(plan);
      const TimePoint begun = now();
      book_.began(plan, begun, after(begun, plan.timeout));
      const simulation::WorkBlockingClient client(*channel);
      const Result<Part> answer = client.One(simulation::make_part(plan.call, 0, plan.request_size),
                                             {.timeout = plan.timeout, .metadata = &metadata});
      simulation::PartCounter counter(plan.call);
      const std::string wrong = answer.ok() ? counter.take(*answer) : "";
      if (!wrong.empty()) book_.fault(plan.call, "on a blocking client " + wrong);
      book_.ended(plan.call, answer.status(), now(), false);
    }
  }
}

void Round::replace_servers() {
  const TimePoint end = after(now(), options_.lasts);
  while (now() < end) {
    std::this_thread::sleep_for(std::min<Duration>(dice_.between(100ms, 1500ms), end - now()));
    if (now() < end) start(*places_[dice_.below(places_.size())]);
    // A handler may begin when its call has long been given up, but not as late as this.
    book_.forget_ended_before(now() - 20s);
  }
}

RoundReport Round::run() {
  std::vector<std::thread> blocking;
  for (int i = 0; i < 2; ++i) {
    blocking.emplace_back([this, seed = dice_.below(1U << 30)] { call_blocking(seed); });
  }
  std::vector<std::future<void>> driving;
  for (const auto& client : clients_) {
    driving.push_back(std::async(std::launch::async, [this, &client] {
      net::run_blocking(client->thread.loop(), drive(*this, *client));
    }));
  }
  replace_servers();
  stop_ = true;
  for (const auto& drive : driving) {
    if (drive.wait_for(kLongestEnd) == std::future_status::ready) continue;
    // Nothing can be taken down while calls hang; the threads stay as they are.
    book_.fault(0, "calls are left " + weft::to_string(kLongestEnd) + " after the last was made");
    for (const std::string& fault : book_.faults()) std::fprintf(stderr, "%s\n", fault.c_str());
    std::abort();
  }
  for (std::thread& thread : blocking) thread.join();
  take_down();
  return {.totals = book_.totals(),
          .restarts = restarts_,
          .connections = counts_.connections,
          .broken = counts_.broken,
          .stalled = counts_.stalled,
          .bytes = counts_.bytes,
          .faults = book_.faults()};
}

void Round::take_down() {
  for (const auto& client : clients_) {
    net::run_blocking(client->thread.loop(), drop_channels(*client));
  }
  for (const auto& place : places_) place->instance->server.stop(2s);
  for (const auto& place : places_) {
    const Server& server = place->instance->server;
    if (server.active_calls() != 0 || server.active_connections() != 0) {
      book_.fault(0, place->name + " has " + std::to_string(server.active_calls()) + " calls and " +
                         std::to_string(server.active_connections()) + " connections at the end");
    }
  }
  clients_.clear();
  places_.clear();
  book_.judge();
}

}  // namespace weft::soak
