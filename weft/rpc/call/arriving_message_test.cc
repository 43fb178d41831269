// A small message shares the block that the connection was read into for as long as the turn in
// which it arrives lasts, and not longer.

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "weft/net/loop/timer.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::text;
using testing::InProcess;

const std::string kText(1000, 'a');

/// A server's middleware that takes the request itself.
struct Look {
  Task<Status> operator()(Call& call, Next) const { return run(call, *this); }
  static Task<Status> run(Call& call, Look self) {
    if (self.later) static_cast<void>(co_await net::sleep(1ms));
    Message message;
    const MessageReader::Poll polled = call.requests().poll(message);
    EXPECT_EQ(polled, MessageReader::Poll::Message);
    self.seen = message.bytes().to_string();
    self.borrows = message.borrows();
    co_return aborted("seen");
  }
  bool later;
  std::string& seen;
  bool& borrows;
};

bool borrows(bool later) {
  InProcess world;
  world.add<Kinds>();
  std::string seen;
  bool borrows = false;
  world.server().use(Look{later, seen, borrows});
  const Result<test::Text> reply = world.run(test::unary(world.channel(), text(kText)));
  EXPECT_EQ(reply.status().code(), StatusCode::Aborted) << reply.status().to_string();
  EXPECT_EQ(seen.substr(seen.size() - kText.size()), kText);
  return borrows;
}

TEST(ArrivingMessage, SharesItsBlockWithAnImmediateReader) { EXPECT_TRUE(borrows(false)); }

TEST(ArrivingMessage, MovesToItsOwnBlockWhenItWaits) { EXPECT_FALSE(borrows(true)); }

/// Reads the request as a program's own service does, which may keep it.
struct Keep {
  Task<Status> operator()(Call& call, Next) const { return run(call, kept); }
  static Task<Status> run(Call& call, std::optional<Message>& kept) {
    kept = co_await call.requests().read();
    co_return aborted("kept");
  }
  std::optional<Message>& kept;
};

TEST(ArrivingMessage, ThatIsAwaitedMayBeKept) {
  InProcess world;
  world.add<Kinds>();
  std::optional<Message> kept;
  world.server().use(Keep{kept});
  const Result<test::Text> reply = world.run(test::unary(world.channel(), text(kText)));
  EXPECT_EQ(reply.status().code(), StatusCode::Aborted) << reply.status().to_string();
  ASSERT_TRUE(kept.has_value());
  EXPECT_FALSE(kept->borrows());
}

}  // namespace
}  // namespace weft::rpc
