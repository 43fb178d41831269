// Random handlers, slow and quick, on loops that are taken over, with clients that cancel, run into
// deadlines and go: for the sanitizers, ThreadSanitizer first of all. WEFT_STRESS_SEED repeats a
// run as far as threads can be, WEFT_STRESS_ROUNDS makes it longer.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/base/rng.h"
#include "weft/coro/any.h"
#include "weft/coro/scope.h"
#include "weft/coro/semaphore.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* const value = std::getenv(variable);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

void compute(Duration time) {
  const TimePoint end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

/// What a handler does is written in its request: a letter, and for how many microseconds.
struct Order {
  explicit Order(const Text& request)
      : what(request.value().empty() ? 'e' : request.value()[0]),
        time(std::chrono::microseconds(
            std::atoi(request.value().c_str() + (request.value().empty() ? 0 : 1)))) {}
  char what;
  Duration time;
};

/// Where each handler is between its beginning and its end, so that a test can see them.
class Handlers : public Kinds {
 public:
  std::atomic<int> inside{0};
  std::atomic<int> most{0};

  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    const Order order(request);
    // A plain function, so this is all its own segment.
    if (order.what == 'p') {
      note(1);
      compute(order.time);
      note(-1);
      return request;
    }
    return work(context, request);
  }
  Task<Status> Expand(ServerContext&, const Text& request, Writer<Text>& writer) override {
    compute(Order(request).time);
    for (int i = 0; i < 3; ++i) {
      if (!co_await writer.write(request)) break;
      compute(20us);
    }
    co_return writer.status();
  }
  Task<Status> Chat(ServerContext& context, Reader<Text>& reader, Writer<Text>& writer) override {
    compute(100us);
    context.trailers().add("began", "1");
    while (const std::optional<Text> part = co_await reader.read()) {
      compute(Order(*part).time / 8);
      if (!co_await writer.write(*part)) break;
    }
    co_return writer.status();
  }

 private:
  void note(int change) {
    const int now = inside.fetch_add(change) + change;
    int seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
  }
  static Task<> pause() { static_cast<void>(co_await net::sleep(200us)); }
  static Task<Result<Text>> work(ServerContext& context, const Text& request) {
    const Order order(request);
    switch (order.what) {
      case 't':
        compute(order.time);
        throw std::runtime_error("an order");
      case 'b':
        std::this_thread::sleep_for(order.time);
        co_return request;
      case 'c': {
        const TimePoint end = std::chrono::steady_clock::now() + order.time * 4;
        while (!context.is_cancelled() && std::chrono::steady_clock::now() < end) {
        }
        if (context.is_cancelled()) co_return context.cancel_reason();
        break;
      }
      case 'm':
        compute(order.time);
        context.trailers().add("order", request.value());
        context.response_metadata().add("order", request.value());
        context.send_response_metadata();
        compute(order.time);
        break;
      case 's': {
        compute(order.time);
        Scope scope(&context.context());
        for (int i = 0; i < 3; ++i) scope.spawn(pause());
        compute(order.time / 4);
        co_await scope.join();
        break;
      }
      default:
        compute(order.time);
        co_await pause();
        compute(order.time / 4);
    }
    co_return request;
  }
};

Task<Status> unary_once(Channel& channel, std::string order, CallOptions options) {
  const Text request = text(order);
  const Result<Text> reply = co_await test::unary(channel, request, options);
  if (!reply.ok()) co_return reply.status();
  if (reply->value() != order) co_return data_loss("another reply");
  co_return ok_status();
}

Task<Status> sleep_then_ok(Duration time) {
  static_cast<void>(co_await net::sleep(time));
  co_return cancelled("given up");
}

Task<Status> expand_once(Channel& channel, std::string order) {
  const Text request = text(order);
  auto stream = co_await test::expand(channel, request);
  while (const std::optional<Text> part = co_await stream.read()) {
    if (part->value() != order) co_return data_loss("another message");
  }
  Status status = co_await stream.finish();
  co_return status;
}

Task<Status> chat_once(Channel& channel, std::string order, bool leave) {
  auto stream = co_await test::chat(channel);
  const Text request = text(order);
  for (int i = 0; i < 3; ++i) {
    if (!co_await stream.write(request)) break;
    const std::optional<Text> answer = co_await stream.read();
    if (answer && answer->value() != order) co_return data_loss("another message");
    if (leave) co_return cancelled("left");
  }
  Status status = co_await stream.finish();
  co_return status;
}

struct Outcomes {
  std::atomic<std::uint64_t> ok{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> wrong{0};
};

Task<Status> one_call(Channel& channel, Rng& rng) {
  constexpr char kOrders[] = {'p', 'p', 'p', 'p', 't', 'b', 'c', 'm', 's', 'e'};
  const bool slow = rng.below(4) == 0;
  const std::string order = std::string(1, kOrders[rng.below(std::size(kOrders))]) +
                            std::to_string(slow ? rng.below(1500) : rng.below(20));
  switch (rng.below(8)) {
    case 0:
      return expand_once(channel, order);
    case 1:
      return chat_once(channel, order, rng.below(3) == 0);
    case 2:
      return unary_once(channel, order, {.timeout = std::chrono::microseconds(rng.below(1500))});
    default:
      return unary_once(channel, order, {});
  }
}

Task<> call_on(std::string target, std::uint64_t seed, std::uint64_t rounds, Outcomes& outcomes) {
  Rng rng(seed);
  auto channel = std::make_unique<Channel>(target);
  for (std::uint64_t i = 0; i < rounds; ++i) {
    Status status;
    if (rng.below(10) == 0) {
      Task<Status> call = one_call(*channel, rng);
      Task<Status> giving_up = sleep_then_ok(std::chrono::microseconds(rng.below(1500)));
      const auto first = co_await any(std::move(call), std::move(giving_up));
      status = first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
    } else {
      status = co_await one_call(*channel, rng);
    }
    ++(status.ok() ? outcomes.ok : outcomes.failed);
    if (status.code() == StatusCode::DataLoss) ++outcomes.wrong;
    if (rng.below(60) == 0) channel = std::make_unique<Channel>(target);
  }
}

Task<> client(std::string target, std::uint64_t seed, std::uint64_t rounds, Outcomes& outcomes) {
  Rng rng(seed);
  Scope scope(nullptr);
  for (int i = 0; i < 6; ++i) scope.spawn(call_on(target, rng(), rounds, outcomes));
  co_await scope.join();
}

TEST(TakeOverStress, NothingIsLostAndNothingIsShared) {
  const std::uint64_t seed = number_of("WEFT_STRESS_SEED", std::random_device()());
  const std::uint64_t rounds = number_of("WEFT_STRESS_ROUNDS", 200);
  std::printf("WEFT_STRESS_SEED=%llu\n", static_cast<unsigned long long>(seed));
  set_log_sink([](LogLevel, std::string_view) {});  // of what handlers throw

  Outcomes outcomes;
  {
    Server server({.listen = "127.0.0.1:0", .threads = 2, .handler_bound = 30us});
    auto& handlers = server.add<Handlers>();
    ASSERT_TRUE(server.start().ok());
    const std::string target = "127.0.0.1:" + std::to_string(server.port());
    {
      net::LoopThread first;
      net::LoopThread second;
      std::thread other(
          [&] { net::run_blocking(second.loop(), client(target, seed + 1, rounds, outcomes)); });
      net::run_blocking(first.loop(), client(target, seed, rounds, outcomes));
      other.join();
    }
    server.stop(std::chrono::seconds(20));
    EXPECT_EQ(handlers.inside.load(), 0);
    EXPECT_EQ(server.active_calls(), 0U);
    std::printf("at most %d handlers at a time on two loops\n", handlers.most.load());
  }
  set_log_sink({});
  std::printf("%llu calls were answered, %llu failed\n",
              static_cast<unsigned long long>(outcomes.ok.load()),
              static_cast<unsigned long long>(outcomes.failed.load()));
  EXPECT_EQ(outcomes.wrong.load(), 0U);
  EXPECT_GT(outcomes.ok.load(), 0U);
}

}  // namespace
}  // namespace weft::rpc
