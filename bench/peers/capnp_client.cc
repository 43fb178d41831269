// Cap'n Proto's client: one thread, one event loop; each call that is under way begins the next one
// when it has ended.
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <capnp/ez-rpc.h>
#include <kj/async.h>

#include "bench/client/load.h"
#include "bench/payload.h"
#include "echo.capnp.h"

namespace {

using bench::Load;
using bench::Outcome;
using Client = perf::capnp_echo::Echo::Client;

kj::ArrayPtr<const kj::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}

auto send(Client& client, const std::string& payload) {
  auto request = client.unaryRequest();
  request.initRequest().setPayload(bytes_of(payload));
  return request.send();
}

/// Two calls under way are two of these chains.
kj::Promise<void> call_on_and_on(Client& client, Load& load, const std::string& payload,
                                 bench::TimePoint begun) {
  if (!load.running()) return kj::READY_NOW;
  return send(client, payload).then([&client, &load, &payload, begun](auto&& response) {
    const bool right = response.getResponse().getPayload().size() == payload.size();
    const auto now = load.done(begun, right ? Outcome::Ok : Outcome::Failed);
    return call_on_and_on(client, load, payload, now);
  });
}

bool run(Load& load) {
  const bench::Plan& plan = load.plan();
  const std::string payload = bench::payload_of(plan.bytes, plan.spin_micros);
  std::vector<std::unique_ptr<capnp::EzRpcClient>> connections;
  std::vector<Client> clients;
  for (std::size_t i = 0; i < plan.connections; ++i) {
    connections.push_back(std::make_unique<capnp::EzRpcClient>(plan.host(), plan.port()));
    clients.push_back(connections.back()->getMain<perf::capnp_echo::Echo>());
    auto response = send(clients.back(), payload).wait(connections.back()->getWaitScope());
    if (response.getResponse().getPayload() != bytes_of(payload)) return false;
  }
  if (plan.calls != 0) load.conduct();
  auto chains = kj::heapArrayBuilder<kj::Promise<void>>(plan.connections * plan.outstanding);
  for (Client& client : clients) {
    for (std::size_t i = 0; i < plan.outstanding; ++i) {
      chains.add(call_on_and_on(client, load, payload, bench::Clock::now()));
    }
  }
  kj::joinPromises(chains.finish()).wait(connections.front()->getWaitScope());
  return true;
}

}  // namespace

int main(int argc, char* argv[]) {
  const bench::Plan plan = bench::read_plan("Calls perf.Echo with Cap'n Proto", argc, argv);
  if (plan.stream || plan.rate > 0) {
    std::fprintf(stderr, "capnp: neither streams nor an open loop\n");
    return 1;
  }
  Load load(plan);
  bool right = false;
  std::thread worker([&] { right = run(load); });
  if (plan.calls == 0) load.conduct();
  worker.join();
  if (!right) {
    std::fprintf(stderr, "%s: not an echo\n", plan.target.c_str());
    return 1;
  }
  return load.finish();
}
