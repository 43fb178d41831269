// More calls than a server can serve, over sockets. What is asserted are counts, not times.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/net/asio_loop.h"
#include "weft/testing/run.h"

#include "tests/rpc/echo_service.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Serving;
using test::Text;
using test::text;

/// Computes for a millisecond.
struct Busy : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    const auto end = std::chrono::steady_clock::now() + 1ms;
    while (std::chrono::steady_clock::now() < end) {
    }
    return Task<Result<Text>>(Result<Text>(request));
  }
};

struct Counts {
  std::size_t served = 0;
  std::size_t refused = 0;
  std::size_t others = 0;
  std::size_t all() const noexcept { return served + refused + others; }
};

constexpr std::size_t kChannels = 4;
constexpr std::size_t kCallers = 100;  // of each channel
constexpr std::size_t kCalls = 8;      // of each caller

Task<> keep_calling(Channel& channel, const Text& request, Counts& counts) {
  for (std::size_t i = 0; i < kCalls; ++i) {
    const Result<Text> reply = co_await test::unary(channel, request, {.timeout = 1min});
    if (reply.ok()) {
      ++counts.served;
    } else if (reply.status().code() == StatusCode::Unavailable) {
      ++counts.refused;
    } else {
      ++counts.others;
    }
  }
}

Task<> call_from_everywhere(const std::string& target, Counts& counts) {
  std::vector<std::unique_ptr<Channel>> channels;
  const Text request = text(std::string(2000, 'x'));
  Scope scope(nullptr);
  for (std::size_t i = 0; i < kChannels; ++i) {
    channels.push_back(std::make_unique<Channel>(target));
    for (std::size_t j = 0; j < kCallers; ++j) {
      scope.spawn(keep_calling(*channels.back(), request, counts));
    }
  }
  co_await scope.join();
}

TEST(Overload, ServesOrRefusesEveryCallAndRecovers) {
  Serving<Busy> serving({.max_queue_delay = 20ms});
  ASSERT_TRUE(serving.started().ok()) << serving.started().to_string();
  Counts counts;
  // On a machine that is busy with other work the callers may be too slow to overload the server.
  std::size_t rounds = 0;
  while (counts.refused == 0 && rounds < 20) {
    net::AsioLoop loop;
    testing::run(loop, call_from_everywhere(serving.target(), counts), 5min);
    ++rounds;
  }
  EXPECT_EQ(counts.all(), rounds * kChannels * kCallers * kCalls);
  EXPECT_EQ(counts.others, 0U);
  EXPECT_GT(counts.served, 0U);
  EXPECT_GT(counts.refused, 0U);
  EXPECT_EQ(counts.refused, serving.server().refused_calls());
  // What was refused took a connection's window, which is larger than one of them and smaller than
  // all: it was given back.
  Channel channel(serving.target());
  EXPECT_TRUE(test::call(channel, std::string(1'000'000, 'y'), {.timeout = 1min}).ok());
}

}  // namespace
}  // namespace weft::rpc
