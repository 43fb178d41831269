// A store that protects itself, and clients that spare it, in one program. The addresses are in
// memory; with host:port it is the same.

#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weft/middleware/adaptive_limit.h"
#include "weft/middleware/circuit_breaker.h"
#include "weft/middleware/fault_injection.h"
#include "weft/middleware/policy_config.h"
#include "weft/middleware/rate_limit.h"
#include "weft/middleware/response_cache.h"
#include "weft/middleware/service_config.h"
#include "weft/middleware/shed.h"
#include "weft/middleware/single_flight.h"
#include "weft/net/loop.h"
#include "weft/net/loop_thread.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/google_status.h"
#include "weft/rpc/server.h"

#include "limits.weft.h"

using namespace std::chrono_literals;
using limits::Key;
using limits::Value;
using weft::Result;
using weft::ServerContext;
using weft::Status;
using weft::Task;

namespace {

class Store final : public limits::StoreService {
  Task<Result<Value>> Get(ServerContext&, const Key& key) override {
    std::cout << "store: asked for " << key.name() << std::endl;
    Value value;
    value.set_text("the value of " + key.name());
    co_return value;
  }
  Task<Result<Value>> Put(ServerContext&, const Key& key) override {
    Status slept = co_await weft::net::sleep(50ms);
    if (!slept.ok()) co_return slept;
    Value value;
    value.set_text("stored " + key.name());
    co_return value;
  }
};

void protect(weft::Server& server) {
  // Each user five calls a second, and ten at once after a pause.
  server.use(weft::rate_limit({.rate = 5, .burst = 10, .key = weft::by_metadata("user")}));
  // What cannot be answered in time is refused before it is decoded.
  server.use(weft::shed_by_deadline());
  // As many at the same time as are served without waiting; background work goes first.
  server.use(weft::adaptive_limit({.shares = weft::PriorityShares{}}));
}

void spare(weft::Channel& channel) {
  // Kept for ten seconds; and equal calls at the same time become one.
  channel.use(weft::response_cache({.ttl = 10s}));
  channel.use(weft::single_flight());
  // Around every attempt on an instance: one that keeps failing is left alone for a while.
  channel.use_per_endpoint(weft::circuit_breaker({.consecutive_failures = 3, .open_time = 10s}));
}

constexpr std::string_view kServiceConfig = R"json({
  "methodConfig": [
    {"name": [{"service": "limits.Store"}],
     "timeout": "1s",
     "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.01s", "maxBackoff": "0.1s",
                     "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}},
    {"name": [{"service": "limits.Store", "method": "Put"}], "timeout": "0.2s"}
  ],
  "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1}
})json";

/// What a call came to, for people.
Status told(std::string_view what, const Result<Value>& result) {
  std::cout << what << ": " << (result.ok() ? result->text() : result.status().to_string())
            << std::endl;
  return result.status();
}

/// One user calls more often than it may.
Task<Status> too_often(limits::StoreClient& client) {
  weft::Metadata user;
  user.add("user", "ann");
  Key key;
  key.set_name("apples");
  for (;;) {
    const Result<Value> value = co_await client.Get(key, {.metadata = &user});
    const Status status = told("too often", value);
    if (status.ok()) continue;
    const std::optional<weft::Duration> delay = weft::retry_delay(status);
    if (delay) std::cout << "  the server says when to come back" << std::endl;
    co_return status;
  }
}

Task<Status> get(limits::StoreClient& client, std::string_view what) {
  Key key;
  key.set_name("pears");
  const Result<Value> value = co_await client.Get(key);
  co_return told(what, value);
}

Task<Status> put(limits::StoreClient& client, std::string_view what) {
  Key key;
  key.set_name("plums");
  const Result<Value> value = co_await client.Put(key);
  co_return told(what, value);
}

bool start(weft::Server& server) {
  const Status started = server.start();
  if (!started.ok()) std::cerr << started.to_string() << '\n';
  return started.ok();
}

/// A plain client of a store that defends itself.
bool rates() {
  weft::Server server{{.listen = "memory:protected"}};
  protect(server);
  server.add<Store>();
  if (!start(server)) return false;
  weft::Channel channel("memory:protected");
  limits::StoreClient client(channel);
  const Status status = weft::net::run_blocking(channel.blocking_loop(), too_often(client));
  return status.code() == weft::StatusCode::ResourceExhausted;
}

/// A client that spares a store which fails every call.
bool breaks() {
  weft::Server server{{.listen = "memory:ill"}};
  server.use(weft::fault_injection({.abort_share = 1, .methods = {"/limits.Store/Put"}}));
  server.add<Store>();
  if (!start(server)) return false;
  weft::Channel channel("memory:ill");
  spare(channel);
  limits::StoreClient client(channel);
  weft::net::Loop& loop = channel.blocking_loop();
  Status last;
  for (int i = 0; i < 4; ++i) last = weft::net::run_blocking(loop, put(client, "ill"));
  const bool spared = last.message().find("circuit breaker") != std::string_view::npos;
  // The second is answered from memory.
  for (int i = 0; i < 2; ++i) last = weft::net::run_blocking(loop, get(client, "cached"));
  return spared && last.ok();
}

/// Policies from gRPC's service config, which change while calls run.
bool configures() {
  weft::Server server{{.listen = "memory:configured"}};
  server.add<Store>();
  if (!start(server)) return false;
  weft::Channel channel("memory:configured");
  weft::ServiceConfigPolicy config;
  Status used = config.use(channel, kServiceConfig);
  if (!used.ok()) std::cerr << used.to_string() << '\n';
  limits::StoreClient client(channel);
  weft::net::Loop& loop = channel.blocking_loop();
  const Status before = weft::net::run_blocking(loop, put(client, "configured"));

  const Status refused = config.set(R"({"methodConfig": [{"name": [{}], "timeout": "soon"}]})");
  std::cout << "refused, and the old one stays: " << refused.message() << std::endl;
  used = config.set(R"({"methodConfig": [{"name": [{}], "timeout": "0.01s"}]})");
  const Status behind = weft::net::run_blocking(loop, put(client, "changed"));
  return used.ok() && !refused.ok() && before.ok() &&
         behind.code() == weft::StatusCode::DeadlineExceeded;
}

/// A server whose policies come from its configuration.
bool serves_by_configuration() {
  weft::Server server{{.listen = "memory:by-configuration"}};
  weft::PolicyConfig policies;
  server.use(policies.middleware());
  Status read = policies.set(R"({"policies": [
      {"rateLimit": {"rate": 1, "burst": 2, "key": "peer"}, "methods": ["/limits.Store/Put"]},
      {"adaptiveLimit": {"maxLimit": 200}}
  ]})");
  if (!read.ok()) std::cerr << read.to_string() << '\n';
  server.add<Store>();
  if (!start(server)) return false;
  weft::Channel channel("memory:by-configuration");
  limits::StoreClient client(channel);
  weft::net::Loop& loop = channel.blocking_loop();
  Status last;
  for (int i = 0; i < 3; ++i) last = weft::net::run_blocking(loop, put(client, "by configuration"));
  return read.ok() && last.code() == weft::StatusCode::ResourceExhausted;
}

}  // namespace

int main() {
  const bool right = rates() && breaks() && configures() && serves_by_configuration();
  return right ? 0 : 1;
}
