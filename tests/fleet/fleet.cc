#include "tests/fleet/fleet.h"

#include <cmath>
#include <utility>

#include "weft/coro/scope.h"
#include "weft/net/wait.h"

#include "fleet.weft.h"

namespace weft::fleet {
namespace {

constexpr net::SimLink kLan{.latency = std::chrono::microseconds(200),
                            .jitter = std::chrono::microseconds(100)};

/// Between two calls of a Poisson process.
Duration pause(double rate, Rng& rng) {
  const double seconds = -std::log(1 - rng.uniform()) / rate;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

struct Fleet::Client {
  Client(Fleet& of, std::string name)
      : fleet(of),
        host(of.network_.host(name)),
        channel(RegistryHost::target(), of.plan_.channel),
        work(channel) {
    if (of.plan_.policies) of.plan_.policies(channel);
  }

  void begin() {
    task = call_again_and_again(*this);
    host.enter([this] { task.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  }

  static Task<> call_again_and_again(Client& self) {
    Scope scope(co_await current_context());
    for (std::uint64_t number = 0; !self.enough; ++number) {
      static_cast<void>(co_await net::sleep(pause(self.fleet.plan_.rate, self.host.rng())));
      if (!self.enough) scope.spawn(call(self, number));
    }
    co_await scope.join();
  }

  static Task<> call(Client& self, std::uint64_t number) {
    const TimePoint begun = self.host.now();
    self.fleet.timeline_.begun(begun);
    ::fleet::Job job;
    job.set_number(number);
    const Result<::fleet::Done> done =
        co_await self.work.Do(job, {.timeout = self.fleet.plan_.timeout});
    self.fleet.timeline_.ended(begun, self.host.now(), done.status());
  }

  Fleet& fleet;
  net::SimLoop& host;
  Channel channel;
  ::fleet::WorkClient work;
  bool enough = false;
  Task<> task;
};

Fleet::Fleet(Plan plan)
    : plan_(std::move(plan)),
      network_(plan_.seed, kLan),
      timeline_(network_.now()),
      registry_(std::make_unique<RegistryHost>(network_)) {
  for (std::size_t i = 0; i < plan_.instances; ++i) add_instance();
  // Until all are announced.
  run_for(std::chrono::seconds(1));
  for (std::size_t i = 0; i < plan_.clients; ++i) {
    clients_.push_back(std::make_unique<Client>(*this, client_name(i)));
  }
}

Fleet::~Fleet() {
  for (const auto& client : clients_) {
    client->host.enter([&] { const Task<> dropped = std::move(client->task); });
  }
  clients_.clear();
  for (const auto& instance : instances_) instance->crash();
  registry_->crash();
  // What was under way notices.
  run_for(std::chrono::seconds(1));
}

Instance& Fleet::add_instance() {
  instances_.push_back(std::make_unique<Instance>(network_, "s" + std::to_string(next_instance_++),
                                                  RegistryHost::target(), plan_.server));
  instances_.back()->start();
  return *instances_.back();
}

std::string Fleet::client_name(std::size_t i) const { return "c" + std::to_string(i); }

void Fleet::begin_load() {
  timeline_ = Timeline(network_.now());
  for (const auto& client : clients_) client->begin();
}

void Fleet::retire(Instance& instance) {
  instance.stop();
  network_.run_while_not([&] { return instance.has_stopped(); }, std::chrono::minutes(1));
  instance.crash();
  // The host has let go of its port.
  run_for(std::chrono::milliseconds(100));
}

bool Fleet::end_load() {
  for (const auto& client : clients_) client->enough = true;
  const auto ended = [this] {
    for (const auto& client : clients_) {
      if (!client->task.done()) return false;
    }
    return true;
  };
  // Some are in their pause, which is rarely ten times as long as on average.
  const Duration pauses(static_cast<std::int64_t>(2e10 / plan_.rate));
  return network_.run_while_not(ended, plan_.timeout + std::chrono::seconds(1) + pauses);
}

std::uint64_t Fleet::served() const {
  std::uint64_t sum = 0;
  for (const auto& instance : instances_) sum += instance->served();
  return sum;
}

}  // namespace weft::fleet
