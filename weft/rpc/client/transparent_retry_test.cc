// Calls that are sent again as if they had never been (gRFC A6), beside what middlewares do.
// drain_test.cc has the peers that refuse.

#include <chrono>
#include <utility>

#include <gtest/gtest.h>

#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;
using testing::InProcess;

Task<Status> call(Channel& channel, CallOptions options = {}) {
  const Text request = text("x");
  const Result<Text> reply = co_await test::unary(channel, request, options);
  co_return reply.status();
}

/// Breaks the connection that the call is about to be sent on.
struct Breaking {
  net::SimNetwork* network;
  int* times;
  Task<Status> operator()(Call& call, Next next) const {
    if (*times > 0) {
      --*times;
      network->break_connections("client", "server");
    }
    return next(call);
  }
};

TEST(ACallOfWhichNothingHasLeft, IsSentAgainHoweverOften) {
  InProcess world;
  world.add<Kinds>();
  int times = 5;
  world.channel().use_per_endpoint(Breaking{&world.network(), &times});
  EXPECT_EQ(world.run(call(world.channel())), ok_status());
  EXPECT_EQ(times, 0);
}

/// Breaks the connection when it has begun to serve a call.
class BreaksOff : public Kinds {
 public:
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    ++calls;
    network->break_connections("client", "server");
    co_return request;
  }
  net::SimNetwork* network = nullptr;
  int calls = 0;
};

Task<Status> try_twice(Call& call, Next next) {
  Status first = co_await next(call);
  if (first.ok() || !call.requests().rewind()) co_return first;
  co_return co_await next(call);
}

// The second attempt finds no connection and was never sent; the call was.
TEST(ACallOfWhichAnAttemptHasLeft, IsNotSentAgainBesidesItsMiddlewares) {
  InProcess world;
  BreaksOff& service = world.add<BreaksOff>();
  service.network = &world.network();
  world.channel().use_per_endpoint(&try_twice);
  EXPECT_EQ(world.run(call(world.channel(), {.timeout = 10s})).code(), StatusCode::Unavailable);
  EXPECT_EQ(service.calls, 1);
}

}  // namespace
}  // namespace weft::rpc
