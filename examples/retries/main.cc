// Retries, hedging and fan-out in one program: servers that fail or are slow, and clients that get
// their answers all the same. The addresses are in memory; with host:port it is the same.

#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "weft/fanout/parallel_channel.h"
#include "weft/fanout/selective_channel.h"
#include "weft/fanout/sharded_channel.h"
#include "weft/middleware/hedge.h"
#include "weft/middleware/retry.h"
#include "weft/net/loop.h"
#include "weft/net/loop_thread.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/observer.h"
#include "weft/rpc/server.h"

#include "retries.weft.h"

using namespace std::chrono_literals;
using retries::Hits;
using retries::Query;
using weft::Result;
using weft::ServerContext;
using weft::Status;
using weft::Task;

namespace {

/// Fails every other call.
class Flaky final : public retries::IndexService {
  Task<Result<Hits>> Search(ServerContext& context, const Query& query) override {
    if (calls_++ % 2 == 0) {
      // Optional: when the client should come again, in milliseconds; negative: not at all.
      context.trailers().add("grpc-retry-pushback-ms", "20");
      co_return weft::unavailable("the index is being reloaded");
    }
    Hits hits;
    hits.add_documents(query.text() + " (flaky)");
    co_return hits;
  }
  std::atomic<int> calls_{0};
};

/// Takes long for the first call.
class Slow final : public retries::IndexService {
  Task<Result<Hits>> Search(ServerContext&, const Query& query) override {
    if (calls_++ == 0) {
      const Status slept = co_await weft::net::sleep(60s);
      std::cout << "slow: " << slept.to_string() << std::endl;
      if (!slept.ok()) co_return slept;
    }
    Hits hits;
    hits.add_documents(query.text() + " (slow)");
    co_return hits;
  }
  std::atomic<int> calls_{0};
};

/// One shard of the index.
class Shard final : public retries::IndexService {
 public:
  explicit Shard(std::string name) : name_(std::move(name)) {}

 private:
  Task<Result<Hits>> Search(ServerContext&, const Query& query) override {
    Hits hits;
    hits.add_documents(query.text() + " (" + name_ + ")");
    co_return hits;
  }
  std::string name_;
};

/// Writes what policies do; a service counts it in its metrics.
class Narrator final : public weft::Observer {
  void on_policy(const weft::PolicyEvent& event) noexcept override {
    std::cout << event.policy << ": " << event.event << ' ' << event.value << std::endl;
  }
};

bool search(weft::net::Loop& loop, weft::Service& service, std::uint32_t shard, int expected) {
  retries::IndexClient index(service);
  Query query;
  query.set_text("weft");
  query.set_shard(shard);
  const Result<Hits> hits = weft::net::run_blocking(loop, index.Search(query));
  if (!hits.ok()) {
    std::cout << hits.status().to_string() << std::endl;
    return false;
  }
  for (const std::string& document : hits->documents()) std::cout << "  " << document << std::endl;
  return hits->documents_size() == expected;
}

template <class Service, class... Args>
std::unique_ptr<weft::Server> serve(std::string address, Args&&... args) {
  auto server = std::make_unique<weft::Server>(weft::ServerOptions{.listen = std::move(address)});
  server->add<Service>(std::forward<Args>(args)...);
  const Status started = server->start();
  if (!started.ok()) std::cerr << started.to_string() << '\n';
  return server;
}

}  // namespace

int main() {
  const auto flaky_server = serve<Flaky>("memory:flaky");
  const auto slow_server = serve<Slow>("memory:slow");
  const auto shard_a = serve<Shard>("memory:a", "a");
  const auto shard_b = serve<Shard>("memory:b", "b");
  Narrator narrator;

  weft::Channel flaky("memory:flaky");
  weft::RetryOptions retries;
  retries.max_attempts = 4;
  retries.codes = {weft::StatusCode::Unavailable, weft::StatusCode::Aborted};
  retries.initial_backoff = 20ms;
  retries.max_backoff = 500ms;
  retries.budget = weft::ratio_budget({.ratio = 0.1, .min_per_second = 5});
  retries.observer = &narrator;
  flaky.use(weft::retry(retries));

  weft::Channel slow("memory:slow");
  weft::HedgeOptions hedges;
  hedges.delay = 50ms;           // until the usual latency of a method is known
  hedges.delay_quantile = 0.95;  // then: when a call is slower than 95 of 100
  hedges.observer = &narrator;
  slow.use(weft::hedge(hedges));

  weft::Channel a("memory:a");
  weft::Channel b("memory:b");
  weft::ParallelChannel everywhere({&a, &b});
  weft::ShardedChannel by_shard(
      {&a, &b}, weft::shard_by<Query>([](const Query& query) { return query.shard(); }));

  weft::Channel gone("memory:gone");
  weft::SelectiveChannel fallback({&gone, &a});

  weft::net::Loop& loop = flaky.blocking_loop();
  const bool right = search(loop, flaky, 0, 1) && search(loop, slow, 0, 1) &&
                     search(loop, everywhere, 0, 2) && search(loop, by_shard, 1, 1) &&
                     search(loop, fallback, 0, 1);
  return right ? 0 : 1;
}
