// Calls the fleet until SIGTERM: `fleet_client REGISTRY_TARGET`. Once a second it says how many
// calls there were, how many failed, and who answered; at the end the same of all. The exit status
// is 1 if a call has failed.

#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include "weft/coro/scope.h"
#include "weft/middleware/retry.h"
#include "weft/net/loop_thread.h"
#include "weft/net/wait.h"
#include "weft/rpc/channel.h"
#include "weft/telemetry/admin.h"
#include "weft/telemetry/grpc.h"
#include "weft/telemetry/process.h"

#include "adder.weft.h"

namespace {

using namespace std::chrono_literals;

volatile std::sig_atomic_t enough = 0;

struct Count {
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  std::map<std::string, std::uint64_t> by;

  void add(const weft::Result<adder::Sum>& answer) {
    ++calls;
    if (answer.ok()) {
      ++by[answer->by()];
      return;
    }
    ++failed;
  }
  void print(const std::string& what) {
    std::cout << what << ' ' << calls << " calls, " << failed << " failed;";
    for (const auto& [name, answers] : by) std::cout << ' ' << name << ' ' << answers;
    std::cout << std::endl;
    *this = {};
  }
};

struct Caller {
  const adder::AdderClient& client;
  Count second;
  Count all;
};

weft::Task<> call(Caller& caller) {
  adder::Operands request;
  request.set_a(40);
  request.set_b(2);
  const weft::Result<adder::Sum> answer = co_await caller.client.Add(request, {.timeout = 5s});
  if (!answer.ok()) std::cout << answer.status().to_string() << std::endl;
  caller.second.add(answer);
  caller.all.add(answer);
}

/// A call every five milliseconds, whether those before have been answered or not.
weft::Task<> call_again_and_again(Caller& caller) {
  weft::Scope calls(co_await weft::current_context());
  for (int number = 1; enough == 0; ++number) {
    calls.spawn(call(caller));
    static_cast<void>(co_await weft::net::sleep(5ms));
    if (number % 200 == 0) caller.second.print("");
  }
  co_await calls.join();
}

weft::ChannelOptions options() {
  weft::ChannelOptions options;
  // Who fails or does not answer gets no calls for a while.
  weft::OutlierOptions outliers;
  outliers.interval = 1s;
  outliers.base_ejection_time = 5s;
  outliers.max_ejection_percent = 50;
  options.balancing.policy = weft::round_robin();
  options.balancing.outlier_detection = outliers;
  return options;
}

}  // namespace

int main(int argc, char* argv[]) {
  if (argc != 2) {
    std::cerr << "usage: fleet_client REGISTRY_TARGET\n";
    return 2;
  }
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { enough = 1; });
  weft::Channel channel(argv[1], options());
  // What fails, or has not been answered after a while, is tried on another instance.
  weft::RetryOptions retries;
  retries.max_attempts = 5;
  retries.per_try_timeout = 300ms;
  channel.use(weft::retry(retries));
  channel.add(weft::telemetry::client_metrics(channel.target()));
  const auto process = weft::telemetry::process_metrics();
  weft::telemetry::AdminServer admin({.listen = "127.0.0.1:0"});
  if (const weft::Status started = admin.start(); !started.ok()) {
    std::cerr << started.to_string() << '\n';
    return 1;
  }
  const adder::AdderClient client(channel);
  Caller caller{.client = client, .second = {}, .all = {}};
  weft::net::run_blocking(channel.blocking_loop(), call_again_and_again(caller));
  const bool good = caller.all.failed == 0;
  caller.all.print("in all");
  return good ? 0 : 1;
}
