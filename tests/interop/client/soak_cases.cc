#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weft/coro/all.h"
#include "weft/net/loop.h"

#include "tests/interop/client/client_case.h"
#include "tests/interop/client/expect.h"

namespace weft::interop {
namespace {

using grpc::testing::SimpleRequest;
using grpc::testing::SimpleResponse;
using grpc::testing::TestServiceClient;

enum class ChannelUse { Shared, OnePerCall };

/// What all the sequences of a soak have in common.
struct Soak {
  Soak(Session& owner, ChannelUse use) : session(owner), channel_use(use) {
    request.set_response_size(options().response_size);
    fill(*request.mutable_payload(), options().request_size);
  }
  const SoakOptions& options() const noexcept { return session.options().soak; }

  Session& session;
  ChannelUse channel_use;
  SimpleRequest request;
  TimePoint stop_at = kNever;
  std::vector<Duration> latencies;
  int failures = 0;
};

Task<Status> call_once(Soak& soak) {
  std::unique_ptr<Channel> channel;
  if (soak.channel_use == ChannelUse::OnePerCall) channel = soak.session.make_channel();
  const TestServiceClient client(channel ? *channel : soak.session.channel());
  const TimePoint now = net::Loop::current()->now();
  const Result<SimpleResponse> response =
      co_await client.UnaryCall(soak.request, {.timeout = soak.stop_at - now});
  if (!response.ok()) co_return response.status();
  co_return expect_zeros("response", soak.options().response_size, response->payload());
}

void record(Soak& soak, Status status, Duration latency) {
  if (status.ok() && latency > soak.options().max_latency) {
    status = failed_precondition("it took longer than the accepted " +
                                 to_string(soak.options().max_latency));
  }
  soak.latencies.push_back(latency);
  if (status.ok()) return;
  ++soak.failures;
  std::cerr << "soak iteration " << soak.latencies.size() << " failed after " << to_string(latency)
            << ": " << status.to_string() << '\n';
}

/// One sequence of calls, each begun when the one before has ended.
Task<> run_sequence(Soak& soak, int iterations) {
  net::Loop& loop = *net::Loop::current();
  for (int i = 0; i < iterations && loop.now() < soak.stop_at; ++i) {
    const TimePoint begun = loop.now();
    Status status = co_await call_once(soak);
    record(soak, std::move(status), loop.now() - begun);
    const TimePoint next = begun + soak.options().min_interval;
    if (i + 1 < iterations && next > loop.now()) {
      static_cast<void>(co_await net::sleep_until(std::min(next, soak.stop_at)));
    }
  }
}

void print_latencies(std::vector<Duration> latencies) {
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double share) {
    return to_string(
        latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))]);
  };
  std::cerr << "soak: " << latencies.size() << " iterations, median " << at(0.5) << ", 90 % "
            << at(0.9) << ", worst " << at(1) << '\n';
}

Status verdict(const Soak& soak) {
  const SoakOptions& options = soak.options();
  const auto done = static_cast<int>(soak.latencies.size());
  if (done < options.iterations) {
    return failed_precondition("only " + std::to_string(done) + " of " +
                               std::to_string(options.iterations) + " iterations ended within " +
                               to_string(options.overall_timeout));
  }
  if (soak.failures <= options.max_failures) return {};
  return failed_precondition(std::to_string(soak.failures) + " of " + std::to_string(done) +
                             " iterations failed, accepted are " +
                             std::to_string(options.max_failures));
}

Task<Status> run_soak(Session& session, ChannelUse use) {
  Soak soak(session, use);
  const SoakOptions& options = soak.options();
  soak.stop_at = after(net::Loop::current()->now(), options.overall_timeout);
  std::vector<Task<>> sequences;
  for (int i = 0; i < options.threads; ++i) {
    // The remainder goes to the first ones.
    const int share = options.iterations / options.threads;
    sequences.push_back(run_sequence(soak, share + (i < options.iterations % options.threads)));
  }
  co_await all(std::move(sequences));
  if (!soak.latencies.empty()) print_latencies(soak.latencies);
  co_return verdict(soak);
}

Task<Status> rpc_soak(Session& session) { return run_soak(session, ChannelUse::Shared); }
Task<Status> channel_soak(Session& session) { return run_soak(session, ChannelUse::OnePerCall); }

constexpr std::array kCases{
    TestCase{"rpc_soak", rpc_soak},
    TestCase{"channel_soak", channel_soak},
};

}  // namespace

std::span<const TestCase> soak_cases() { return kCases; }

}  // namespace weft::interop
