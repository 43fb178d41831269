// A warm unary call allocates nothing, on either side, and what waits on a server takes little.
// Counts every call of operator new in this program while calls are made over sockets of this
// machine.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/base/sanitizer.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/frames.h"
#include "weft/testing/run.h"

// The sanitizers' pools of blocks and frames keep nothing, and clang's ThreadSanitizer brings an
// operator new that cannot be replaced.
#if !WEFT_TSAN && !WEFT_ASAN

#include "weft/testing/allocations.h"

namespace weft::rpc {
namespace {

using testing::allocations;
using testing::live_bytes;

using test::Kinds;
using test::Text;

class RpcAllocations : public ::testing::Test {
 protected:
  RpcAllocations() {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.loops = {&loop_};
    server_ = std::make_unique<Server>(options);
    server_->add<Kinds>();
    const Status started = server_->start();
    EXPECT_TRUE(started.ok()) << started.to_string();
    channel_ = std::make_unique<Channel>("127.0.0.1:" + std::to_string(server_->port()));
  }
  ~RpcAllocations() override {
    channel_.reset();
    testing::run(loop_, server_->shutdown());
  }

  /// Of a typed call. Protobuf allocates the strings of its messages itself, so these are empty.
  static Task<std::size_t> count(Channel& channel, int calls, const Text& request,
                                 CallOptions options) {
    const std::size_t before = allocations;
    for (int i = 0; i < calls; ++i) {
      const Result<Text> reply = co_await test::unary(channel, request, options);
      EXPECT_TRUE(reply.ok()) << reply.status().to_string();
    }
    co_return allocations - before;
  }
  /// Of a call with bytes on this side.
  static Task<std::size_t> count_bytes(Channel& channel, int calls) {
    const std::size_t before = allocations;
    net::Loop& loop = *net::Loop::current();
    const CallOptions options;
    Context* context = co_await current_context();
    for (int i = 0; i < calls; ++i) {
      UnaryCall call(loop, context, channel, test::kMethods[0],
                     Message(Bytes::of_static("\x0a\x05hello")), options);
      Status status = co_await call.run();
      Bytes reply;
      status = call.finish(std::move(status), reply);
      EXPECT_TRUE(status.ok()) << status.to_string();
      EXPECT_EQ(reply.view(), "\x0a\x05hello");
    }
    co_return allocations - before;
  }
  std::size_t of_warm_calls(const CallOptions& options) {
    testing::run(loop_, count(*channel_, 200, Text(), options));
    return testing::run(loop_, count(*channel_, 100, Text(), options));
  }

  net::AsioLoop loop_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
};

// Of a hundred calls: what Asio allocates now and then, when a real clock makes a timer go off
// between them, is none of a call's.
constexpr std::size_t kNowAndThen = 9;

TEST_F(RpcAllocations, AreNoneOnAWarmUnaryCall) { EXPECT_LE(of_warm_calls({}), kNowAndThen); }

TEST_F(RpcAllocations, AreNoneOnAWarmUnaryCallWithADeadline) {
  EXPECT_LE(of_warm_calls({.timeout = std::chrono::hours(1)}), kNowAndThen);
}

// The request's object is one that was used before, with its string.
TEST_F(RpcAllocations, AreOneStringForABytesAnswer) {
  testing::run(loop_, count_bytes(*channel_, 200));
  const std::size_t counted = testing::run(loop_, count_bytes(*channel_, 100));
  EXPECT_GE(counted, 100U);
  EXPECT_LE(counted, 100 + kNowAndThen);
}

/// A handler that waits until its call is cancelled.
struct Waiting : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override { return wait(request); }
  static Task<Result<Text>> wait(const Text& request) {
    const Status slept = co_await net::sleep(kForever);
    if (!slept.ok()) co_return slept;
    co_return request;
  }
};

/// What a server holds for clients that are sockets and nothing else.
class RpcMemory : public ::testing::Test {
 protected:
  RpcMemory() {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.loops = {&loop_};
    server_ = std::make_unique<Server>(options);
    server_->add<Waiting>();
    const Status started = server_->start();
    EXPECT_TRUE(started.ok()) << started.to_string();
  }
  ~RpcMemory() override {
    for (const int socket : sockets_) close(socket);
    run_until([&] { return server_->active_connections() == 0 && server_->active_calls() == 0; });
    testing::run(loop_, server_->shutdown());
  }

  /// Connects, says hello and sends `bytes`.
  void connect(std::string_view bytes) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockets_.push_back(socket);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const std::string all = std::string(http2::kClientPreface) + testing::settings({}) +
                            testing::settings_ack() + std::string(bytes);
    ASSERT_EQ(send(socket, all.data(), all.size(), 0), static_cast<ssize_t>(all.size()));
  }
  /// Bytes that each of many connections takes on which `bytes` were sent and dealt with.
  std::size_t of_connections_with(std::string_view bytes) {
    // The first ones fill the thread's pools of blocks.
    constexpr std::size_t kWarm = 200;
    constexpr std::size_t kCount = 400;
    const auto connect_to = [&](std::size_t count) {
      while (sockets_.size() < count) connect(bytes);
      run_until([&] { return server_->active_connections() == count; });
      run_until([turns = 0]() mutable { return ++turns > 20; });
    };
    connect_to(kWarm);
    const std::ptrdiff_t before = live_bytes;
    connect_to(kWarm + kCount);
    EXPECT_EQ(server_->active_calls(), 0U);
    const auto each = static_cast<std::size_t>(live_bytes - before) / kCount;
    RecordProperty("bytes", static_cast<int>(each));
    return each;
  }
  static std::string call(std::uint32_t id, std::size_t size) {
    return testing::headers(id, testing::grpc_request("/test.Kinds/Unary")) +
           testing::data(id, testing::grpc_message(std::string(size, '\0')),
                         testing::EndStream::Yes);
  }
  template <class F>
  void run_until(F condition) {
    struct Waits {
      static Task<> run(F& until) {
        while (!until()) static_cast<void>(co_await net::sleep(std::chrono::milliseconds(1)));
      }
    };
    testing::run(loop_, Waits::run(condition));
  }

  net::AsioLoop loop_;
  std::unique_ptr<Server> server_;
  std::vector<int> sockets_;
};

// The limits below are what is measured and little more: docs/reference/performance.md has targets
// for them, and they grow unnoticed where nothing looks.

TEST_F(RpcMemory, OfAnIdleConnectionIsLittle) { EXPECT_LE(of_connections_with({}), 2000U); }

TEST_F(RpcMemory, OfAnIdleConnectionAfterACallIsLittle) {
  const std::string call =
      testing::headers(1, testing::grpc_request("/grpc.health.v1.Health/Check")) +
      testing::data(1, testing::grpc_message({}), testing::EndStream::Yes);
  EXPECT_LE(of_connections_with(call), 2450U);
}

TEST_F(RpcMemory, OfAPendingCallIsLittle) {
  constexpr std::size_t kWarm = 100;
  constexpr std::size_t kCount = 800;
  const auto calls = [](std::size_t from, std::size_t to) {
    std::string bytes;
    for (std::size_t i = from; i < to; ++i) bytes += call(static_cast<std::uint32_t>(2 * i + 1), 0);
    return bytes;
  };
  connect(calls(0, kWarm));
  run_until([&] { return server_->active_calls() == kWarm; });
  const std::string more = calls(kWarm, kWarm + kCount);
  const std::ptrdiff_t before = live_bytes;
  ASSERT_EQ(send(sockets_.front(), more.data(), more.size(), 0), static_cast<ssize_t>(more.size()));
  run_until([&] { return server_->active_calls() == kWarm + kCount; });
  const auto each = static_cast<std::size_t>(live_bytes - before) / kCount;
  RecordProperty("bytes", static_cast<int>(each));
  // The stream, the call, and the frames of the handler, of sleep() and of what runs the handler.
  EXPECT_LE(each, 1100U);
}

}  // namespace
}  // namespace weft::rpc

#endif
