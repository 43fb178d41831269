// Large messages, whose fields are lent to the connection for the time of a write: to be run with
// AddressSanitizer too, which sees a loan that lasts longer.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "weft/coro/all.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;
using testing::InProcess;

constexpr std::size_t kMiB = std::size_t{1} << 20;
// A write finds room for some of a message, and the rest takes a while.
constexpr net::SimLink kNarrow{.bandwidth = 200 << 20, .window = 100 << 10};

std::string content_of(std::size_t size, unsigned seed) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 31 + seed + (i >> 8));
  return content;
}

/// Writes each message from the same object, changed as soon as it has been written.
Task<> write_many(ClientReaderWriter<Text, Text>& stream, unsigned count) {
  Text message;
  for (unsigned i = 0; i < count; ++i) {
    message.set_value(content_of(kMiB / 2, i));
    const bool taken = co_await stream.write(message);
    EXPECT_TRUE(taken);
    message.mutable_value()->assign(message.value().size(), '!');
  }
  stream.half_close();
}

Task<> read_many(ClientReaderWriter<Text, Text>& stream, unsigned& right) {
  Text message;
  for (;;) {
    const bool read = co_await stream.read(message);
    if (!read) co_return;
    if (message.value() == content_of(kMiB / 2, right)) ++right;
  }
}

Task<Status> echo_many(Channel& channel, unsigned count, unsigned& right) {
  auto stream = co_await test::chat(channel);
  Task<> write = write_many(stream, count);
  Task<> read = read_many(stream, right);
  co_await all(std::move(write), std::move(read));
  co_return co_await stream.finish();
}

TEST(LentMessage, MayBeChangedAsSoonAsItIsWritten) {
  InProcess world({.link = kNarrow});
  world.add<Kinds>();
  unsigned right = 0;
  const Status status = world.run(echo_many(world.channel(), 8, right));
  EXPECT_TRUE(status.ok()) << status.to_string();
  EXPECT_EQ(right, 8U);
}

/// The request is gone as soon as the call is.
Task<Result<Text>> call_and_forget(Channel& channel, CallOptions options) {
  auto request = std::make_unique<Text>(text(content_of(2 * kMiB, 7)));
  Result<Text> reply = co_await test::unary(channel, *request, options);
  if (reply.ok() && reply->value() != request->value()) co_return internal_error("not an echo");
  request->mutable_value()->assign(request->value().size(), '!');
  request.reset();
  co_return reply;
}

TEST(LentMessage, MayEndWithItsCallAtAnyDeadline) {
  InProcess world({.link = kNarrow});
  world.add<Kinds>();
  int late = 0;
  for (Duration timeout = 50us; timeout < 60ms; timeout += timeout / 4) {
    const Result<Text> reply = world.run(call_and_forget(world.channel(), {.timeout = timeout}));
    if (!reply.ok()) {
      ++late;
      EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded) << reply.status().to_string();
    }
  }
  EXPECT_GT(late, 5);
  // The connection is as it was: no frame was left unfinished.
  EXPECT_TRUE(world.run(call_and_forget(world.channel(), {})).ok());
}

TEST(LentMessage, MayGoWithACallThatIsCancelled) {
  InProcess world({.link = kNarrow});
  world.add<Kinds>();
  for (int i = 0; i < 20; ++i) {
    Context context;
    net::SimLoop& host = world.client_host();
    Task<Result<Text>> call = call_and_forget(world.channel(), {});
    struct Cancel : net::Timer {
      explicit Cancel(Context& of) noexcept
          : Timer([](net::Timer& timer) noexcept {
              static_cast<Cancel&>(timer).context.cancel(cancelled("enough"));
            }),
            context(of) {}
      Context& context;
    } cancel(context);
    host.arm(cancel, after(host.now(), i * 700us));
    const Result<Text> reply = world.run(std::move(call), 1h, &context);
    cancel.cancel();
    if (!reply.ok()) {
      EXPECT_EQ(reply.status().code(), StatusCode::Cancelled);
    }
  }
  EXPECT_TRUE(world.run(call_and_forget(world.channel(), {})).ok());
}

TEST(LentMessage, MayGoWithAConnectionThatIsLost) {
  int lost = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    net::SimLink link = kNarrow;
    link.reset = 0.0003;
    InProcess world({.seed = seed, .link = link});
    world.add<Kinds>();
    const Result<Text> reply = world.run(call_and_forget(world.channel(), {.timeout = 10s}));
    if (!reply.ok()) {
      ++lost;
      EXPECT_EQ(reply.status().code(), StatusCode::Unavailable) << reply.status().to_string();
    }
  }
  EXPECT_GT(lost, 3);
}

/// Answers with what is gone when the handler has returned.
class Large final : public Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    co_return text(content_of(3 * kMiB, static_cast<unsigned>(request.value().size())));
  }
};

TEST(LentMessage, OfAHandlerMayBeGoneBeforeItHasLeft) {
  InProcess world({.link = kNarrow});
  world.add<Large>();
  for (unsigned size = 0; size < 3; ++size) {
    const Text request = text(std::string(size, 'x'));
    const Result<Text> reply = world.run(test::unary(world.channel(), request));
    ASSERT_TRUE(reply.ok()) << reply.status().to_string();
    EXPECT_TRUE(reply->value() == content_of(3 * kMiB, size));
  }
}

}  // namespace
}  // namespace weft::rpc
