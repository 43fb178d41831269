// Messages that take longer to parse than a turn of the loop may.
#include "weft/rpc/call/message/slow_parse.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/net/loop/run_blocking.h"
#include "weft/rpc/call/message/typed_stream.h"
#include "weft/rpc/client/blocking.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::kMethods;
using test::Text;
using test::text;

constexpr std::size_t kFields = 300'000;

/// Empty fields that Text does not know, which take far longer than SlowParse::kLongest.
std::string many_fields() {
  std::string bytes;
  for (std::size_t i = 0; i < kFields; ++i) bytes += std::string_view("\x7a\x00", 2);
  return bytes;
}

Text slow_text(std::string_view value) {
  Text message = text(value);
  EXPECT_TRUE(message.MergeFromString(many_fields()));
  return message;
}

/// Keeps all threads for slow messages busy while it exists.
class BusyThreads {
 public:
  BusyThreads() {
    const std::shared_future<void> over = over_.get_future().share();
    const auto begun = std::make_shared<std::atomic<unsigned>>(0);
    for (unsigned i = 0; i < kMostThreads; ++i) {
      run_after_destroying([over, begun] {
        ++*begun;
        begun->notify_one();
        over.wait();
      });
    }
    // One that has not begun yet would first destroy what is added from now on.
    const unsigned threads = std::clamp(std::thread::hardware_concurrency() / 4, 1U, kMostThreads);
    for (unsigned now = 0; now < threads; now = *begun) begun->wait(now);
  }
  BusyThreads(const BusyThreads&) = delete;
  BusyThreads& operator=(const BusyThreads&) = delete;
  ~BusyThreads() { over_.set_value(); }

 private:
  static constexpr unsigned kMostThreads = 4;
  std::promise<void> over_;
};

class SlowMessage : public ::testing::Test {
 protected:
  explicit SlowMessage(ServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    server_ = std::make_unique<Server>(std::move(options));
    server_->add<Kinds>();
    EXPECT_TRUE(server_->start().ok());
    channel_ = std::make_unique<Channel>("127.0.0.1:" + std::to_string(server_->port()));
  }
  Result<Text> call(const Text& request, CallOptions options = {}) {
    return call_unary_blocking<Text>(*channel_, kMethods[0], request, options);
  }

  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(SlowMessage, IsAnsweredAsAnyOther) {
  const Text request = slow_text("slow");
  const Result<Text> reply = call(request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->SerializeAsString(), request.SerializeAsString());
}

TEST_F(SlowMessage, MayBeTheRequestOfAServersStream) {
  const Text request = slow_text("abc");
  BlockingReader<Text> stream(*channel_, kMethods[2], &request, {});
  std::string letters;
  while (const std::optional<Text> part = stream.read()) letters += part->value();
  EXPECT_EQ(letters, "abc");
  EXPECT_TRUE(stream.finish().ok());
}

TEST_F(SlowMessage, MayBeAnyOfAStreamBothWays) {
  BlockingReaderWriter<Text, Text> stream(*channel_, kMethods[3], nullptr, {});
  for (const char* const value : {"quick", "slow", "slow again", "quick again"}) {
    const Text sent = value[0] == 's' ? slow_text(value) : text(value);
    ASSERT_TRUE(stream.write(sent));
    const std::optional<Text> received = stream.read();
    ASSERT_TRUE(received.has_value()) << value;
    EXPECT_EQ(received->SerializeAsString(), sent.SerializeAsString());
  }
  EXPECT_TRUE(stream.finish().ok());
}

TEST_F(SlowMessage, MayBeTheResponseOfACoroutinesCall) {
  const Text request = slow_text("slow");
  net::LoopThread thread;
  const Result<Text> reply = net::run_blocking(thread.loop(), test::unary(*channel_, request));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->SerializeAsString(), request.SerializeAsString());
}

TEST_F(SlowMessage, LetsOtherCallsOfItsLoopThrough) {
  const Text request = slow_text("slow");
  std::future<Result<Text>> slow;
  {
    const BusyThreads busy;
    slow = std::async(std::launch::async, [&] { return call(request); });
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(call(text("quick")).ok());
    EXPECT_EQ(slow.wait_for(0s), std::future_status::timeout);
  }
  EXPECT_TRUE(slow.get().ok());
}

TEST_F(SlowMessage, EndsWithItsCallWhileItWaits) {
  const Text request = slow_text("slow");
  const BusyThreads busy;
  const Result<Text> reply = call(request, {.timeout = 300ms});
  EXPECT_EQ(reply.status().code(), StatusCode::DeadlineExceeded) << reply.status();
  BlockingReaderWriter<Text, Text> stream(*channel_, kMethods[3], nullptr, {.timeout = 300ms});
  static_cast<void>(stream.write(request));
  EXPECT_FALSE(stream.read().has_value());
  EXPECT_EQ(stream.finish().code(), StatusCode::DeadlineExceeded);
  // It would wait for calls that wait for a thread.
  server_->stop();
}

/// Awaits that a slow message is parsed.
struct Done : Waiter {
  Done(SlowParse& slow, Context& context) : Waiter(&Done::run), of(slow), context(context) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> by) noexcept {
    handle = by;
    of.wait(*this, context);
  }
  void await_resume() const noexcept {}
  static void run(Runnable& runnable) noexcept { static_cast<Done&>(runnable).handle.resume(); }
  SlowParse& of;
  Context& context;
  std::coroutine_handle<> handle;
};

Task<Status> parse(std::string bytes) {
  Text into;
  std::unique_ptr<SlowParse> slow;
  const Message message(Bytes::copy_of(bytes));
  const std::optional<Status> status = SlowParse::try_parse(message, into, slow);
  EXPECT_FALSE(status.has_value());
  Context context;
  Done done(*slow, context);
  co_await done;
  EXPECT_TRUE(slow->done());
  EXPECT_EQ(slow->size(), bytes.size());
  slow->swap_into(into);
  co_return std::move(slow->status());
}

/// Whether the loop has parsed it, or had begun to.
Task<bool> parses_on_loop(Message message) {
  Text into;
  std::unique_ptr<SlowParse> slow;
  if (SlowParse::try_parse(message, into, slow)) co_return true;
  const bool begun = into.ByteSizeLong() != 0;
  Context context;
  Done done(*slow, context);
  co_await done;
  slow->swap_into(into);
  EXPECT_TRUE(slow->status().ok()) << slow->status();
  co_return begun;
}

Task<> parse_slow_ones_and_then_quick_ones() {
  const Message slow(Bytes::copy_of(many_fields()));
  EXPECT_TRUE(co_await parses_on_loop(slow)) << "the first is not known to be slow";
  EXPECT_FALSE(co_await parses_on_loop(slow));
  EXPECT_FALSE(co_await parses_on_loop(slow));
  // A megabyte in one field, which takes no time.
  const Message quick(Bytes::copy_of(text(std::string(1'000'000, 'a')).SerializeAsString()));
  int tries = 0;
  while (!co_await parses_on_loop(quick)) {
    if (++tries == 100) break;
  }
  EXPECT_LT(tries, 100);
}

TEST(SlowParse, IsNotTriedOnTheLoopWhereThoseBeforeItWereSlow) {
  net::LoopThread thread;
  net::run_blocking(thread.loop(), parse_slow_ones_and_then_quick_ones());
}

TEST(SlowParse, RefusesWhatIsNoMessageByItsTypeAndSize) {
  net::LoopThread thread;
  EXPECT_TRUE(net::run_blocking(thread.loop(), parse(many_fields())).ok());
  // A last field that claims more bytes than there are.
  const Status status = net::run_blocking(thread.loop(), parse(many_fields() + "\x7a\x7f"));
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_EQ(status.message(), "600002 bytes are not a google.protobuf.BytesValue");
}

/// A stream of one message.
struct OneMessage final : MessageReader {
  explicit OneMessage(std::string bytes) : message(Bytes::copy_of(bytes)) {}
  Poll poll(Message& out) override {
    if (std::exchange(read, true)) return Poll::End;
    out = message;
    return Poll::Message;
  }
  void wait(Waiter&) noexcept override { ADD_FAILURE() << "nothing is to be waited for"; }
  bool unwait() noexcept override { return false; }
  Message message;
  bool read = false;
};

Task<Status> read_cancelled(OneMessage& messages) {
  const BusyThreads busy;
  Context context;
  Reader<Text> reader(messages, context);
  Scope scope(co_await current_context());
  std::optional<Text> got = text("unset");
  scope.spawn([](Reader<Text>& from, std::optional<Text>& into) -> Task<> {
    into = co_await from.read();
  }(reader, got));
  context.cancel(cancelled("enough"));
  co_await scope.join();
  EXPECT_FALSE(got.has_value());
  co_return reader.parse_status();
}

// The call may have ended with OK meanwhile, which would say that all messages were read.
TEST(SlowParse, OfAMessageThatIsCancelledBreaksTheStreamOff) {
  net::LoopThread thread;
  OneMessage messages(many_fields());
  const Status status = net::run_blocking(thread.loop(), read_cancelled(messages));
  EXPECT_EQ(status.code(), StatusCode::Cancelled) << status;
  EXPECT_EQ(status.message(), "enough");
}

Task<> read_and_give_up(OneMessage& messages, Text& into) {
  const BusyThreads busy;
  Context context;
  Reader<Text> reader(messages, context);
  Scope scope(co_await current_context());
  scope.spawn([](Reader<Text>& from, Text& to) -> Task<> { EXPECT_FALSE(co_await from.read(to)); }(
                                                   reader, into));
  context.cancel(cancelled("enough"));
  co_await scope.join();
}

// It would be as large as the message, and is counted nowhere.
TEST(SlowParse, KeepsNothingOfWhatTheLoopHadParsed) {
  net::LoopThread thread;
  OneMessage messages(many_fields());
  Text into = text("before");
  net::run_blocking(thread.loop(), read_and_give_up(messages, into));
  EXPECT_EQ(into.ByteSizeLong(), 0U);
}

Task<> destroy_many_and_parse() {
  const BusyThreads busy;
  for (int i = 0; i < 10; ++i) destroy_elsewhere(std::make_unique<Text>().release());
  Text into;
  std::unique_ptr<SlowParse> slow;
  // A megabyte in one field, which takes no time.
  const Message message(Bytes::copy_of(text(std::string(1'000'000, 'a')).SerializeAsString()));
  EXPECT_FALSE(SlowParse::try_parse(message, into, slow).has_value());
  EXPECT_NE(slow, nullptr);
  co_return;
}

TEST(SlowParse, WaitsWhileManyObjectsWaitToBeDestroyed) {
  net::LoopThread thread;
  net::run_blocking(thread.loop(), destroy_many_and_parse());
}

struct SmallMemory : SlowMessage {
  static ServerOptions options() {
    ServerOptions options;
    options.max_connection_memory = 8'000'000;
    return options;
  }
  SmallMemory() : SlowMessage(options()) {}
};

TEST_F(SmallMemory, CountsWhatASlowMessageBecomes) {
  // 600 KB on the way, some 20 MB as an object.
  const Result<Text> reply = call(slow_text("slow"));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted) << reply.status();
  EXPECT_NE(reply.status().message().find("max_connection_memory"), std::string::npos)
      << reply.status();
  EXPECT_TRUE(call(text("quick")).ok());
}

}  // namespace
}  // namespace weft::rpc
