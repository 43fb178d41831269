// A warm unary call allocates nothing, on either side. Counts every call of operator new in this
// program while one is made over a socket of this machine.

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>

#include "weft/base/sanitizer.h"
#include "weft/net/asio_loop.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server.h"
#include "weft/testing/run.h"

// The sanitizers' pools of blocks and frames keep nothing, and clang's ThreadSanitizer brings an
// operator new that cannot be replaced.
#if !WEFT_TSAN && !WEFT_ASAN

namespace {
thread_local std::size_t allocations = 0;
}  // namespace

// Not inlined: GCC would see malloc() and delete, or new and free(), meet and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  ++allocations;
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return ::operator new(size); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  ::operator delete(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept { ::operator delete(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  ::operator delete(memory);
}

namespace weft::rpc {
namespace {

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

TEST_F(RpcAllocations, AreTheStringsOfTheHandlersTwoMessagesWhereThisSideHasBytes) {
  testing::run(loop_, count_bytes(*channel_, 200));
  const std::size_t counted = testing::run(loop_, count_bytes(*channel_, 100));
  EXPECT_GE(counted, 200U);
  EXPECT_LE(counted, 200 + kNowAndThen);
}

}  // namespace
}  // namespace weft::rpc

#endif
