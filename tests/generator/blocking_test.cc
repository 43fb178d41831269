#include "weft/rpc/blocking.h"

#include <future>
#include <optional>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/generator/kinds_server.h"

namespace weft::test {
namespace {

using kinds::KindsBlockingClient;
using kinds::Number;
using ::testing::ElementsAre;

class BlockingClient : public ::testing::Test {
 protected:
  BlockingClient() { server_.start(); }
  // Before the client: the channel is there once the server has started.
  KindsServer server_;
  KindsBlockingClient client() { return KindsBlockingClient(server_.channel()); }
};

TEST_F(BlockingClient, CallsAUnaryMethod) {
  const Result<Number> answer = client().Unary(number(4));
  ASSERT_TRUE(answer.ok()) << answer.status().to_string();
  EXPECT_EQ(answer->value(), 8);
}

TEST_F(BlockingClient, StreamsRequests) {
  auto stream = client().Up();
  for (int i = 1; i <= 10; ++i) EXPECT_TRUE(stream.write(number(i)));
  const Result<Number> answer = stream.finish();
  ASSERT_TRUE(answer.ok()) << answer.status().to_string();
  EXPECT_EQ(answer->value(), 55);
  EXPECT_EQ(stream.response_metadata().get("kind"), "up");
}

TEST_F(BlockingClient, StreamsResponses) {
  auto stream = client().Down(number(3));
  EXPECT_EQ(stream.response_metadata().get("kind"), "down");
  std::vector<std::int64_t> values;
  while (const std::optional<Number> next = stream.read()) values.push_back(next->value());
  EXPECT_THAT(values, ElementsAre(3, 2, 1));
  const Status status = stream.finish();
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(stream.trailers().get("from"), "3");
}

TEST_F(BlockingClient, StreamsBothWaysFromTwoThreads) {
  auto stream = client().Both();
  std::thread writer([&] {
    for (int i = 1; i <= 100; ++i) EXPECT_TRUE(stream.write(number(i)));
    stream.half_close();
  });
  std::int64_t sum = 0;
  while (const std::optional<Number> next = stream.read()) sum += next->value();
  writer.join();
  EXPECT_EQ(sum, 10100);
  const Status status = stream.finish();
  EXPECT_TRUE(status.ok()) << status.to_string();
}

TEST_F(BlockingClient, ReadsUntilAnotherThreadCancels) {
  auto stream = client().Both();
  EXPECT_TRUE(stream.write(number(1)));
  EXPECT_EQ(stream.read()->value(), 2);
  auto reading = std::async(std::launch::async, [&] { return stream.read(); });
  stream.cancel();
  EXPECT_FALSE(reading.get().has_value());
  EXPECT_EQ(stream.finish().code(), StatusCode::Cancelled);
}

TEST_F(BlockingClient, EndsAtItsTimeout) {
  auto stream = client().Both({.timeout = std::chrono::milliseconds(20)});
  EXPECT_FALSE(stream.read().has_value());
  EXPECT_EQ(stream.finish().code(), StatusCode::DeadlineExceeded);
}

TEST_F(BlockingClient, CancelsItsCallWhenTheStreamIsDestroyed) {
  {
    auto stream = client().Both();
    EXPECT_TRUE(stream.write(number(1)));
    EXPECT_EQ(stream.read()->value(), 2);
    auto moved = std::move(stream);
  }
  // A graceful stop returns once the handler has ended, which it does because of the cancellation.
  server_.server().stop(std::chrono::seconds(60));
  EXPECT_EQ(server_.kinds().cancelled, 1);
}

TEST_F(BlockingClient, ServesManyThreads) {
  const KindsBlockingClient shared = client();
  std::vector<std::future<std::int64_t>> sums;
  for (int thread = 0; thread < 4; ++thread) {
    sums.push_back(std::async(std::launch::async, [&shared] {
      std::int64_t sum = 0;
      for (int i = 0; i < 50; ++i) {
        const Result<Number> answer = shared.Unary(number(i));
        if (answer.ok()) sum += answer->value();
      }
      return sum;
    }));
  }
  for (auto& sum : sums) EXPECT_EQ(sum.get(), 2450);
}

TEST_F(BlockingClient, SaysWhyAServerCannotBeReached) {
  Channel nobody("memory:nobody-listens-here");
  const Result<Number> answer =
      KindsBlockingClient(nobody).Unary(number(1), {.timeout = std::chrono::seconds(10)});
  EXPECT_EQ(answer.status().code(), StatusCode::Unavailable) << answer.status().to_string();
}

}  // namespace
}  // namespace weft::test
