// A handler that keeps its loop's thread: another thread carries on with the loop (record 6). No
// time is asserted: that a call is answered before a blocked handler is let go cannot be without.

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/event.h"
#include "weft/coro/scope.h"
#include "weft/net/loop/asio_loop.h"
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

/// Where handlers block until the test lets them go, each by its name.
class Gates {
 public:
  void pass(const std::string& name) {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return all_ || open_[name]; });
  }
  void open(const std::string& name) {
    const std::lock_guard lock(mutex_);
    open_[name] = true;
    changed_.notify_all();
  }
  void open_all() {
    const std::lock_guard lock(mutex_);
    all_ = true;
    changed_.notify_all();
  }
  /// Until so many have come to their gates in all.
  void await(int entered) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entered_ >= entered; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, bool> open_;
  bool all_ = false;
  int entered_ = 0;
};

bool is_slow(const Text& request) { return request.value().starts_with("slow"); }

/// Blocks, in a plain function, for requests that begin with "slow"; echoes the others.
struct Blocking : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    const std::thread::id thread = std::this_thread::get_id();
    if (is_slow(request)) {
      gates.pass(request.value());
      if (request.value().ends_with("throw")) throw std::runtime_error("thrown late");
      if (request.value().ends_with("trailers")) context.trailers().add("late", "1");
      if (std::this_thread::get_id() != thread) return internal_error("moved to another thread");
    }
    return request;
  }
  Gates gates;
};

Task<Result<Text>> ask(Service& channel, std::string value, CallOptions options) {
  const Text request = text(value);
  Result<Text> reply = co_await test::unary(channel, request, options);
  co_return reply;
}

/// A call that goes on while the test does something else.
class Asked {
 public:
  Asked(net::Loop& loop, Channel& channel, const std::string& value, CallOptions options = {})
      : thread_([this, &loop, &channel, value, options] {
          reply_ = net::run_blocking(loop, ask(channel, value, options));
        }) {}
  ~Asked() {
    if (thread_.joinable()) thread_.join();
  }
  const Result<Text>& reply() {
    thread_.join();
    return reply_;
  }

 private:
  Result<Text> reply_{internal_error("no reply yet")};
  std::thread thread_;
};

/// A server with one loop that is taken over, and a client with a thread of its own.
class TakeOver : public ::testing::Test {
 protected:
  explicit TakeOver(net::LoopOptions options = {.handler_bound = 100us})
      : own_(std::make_unique<net::LoopThread>("taken-over", options)) {}
  ~TakeOver() override {
    channels_.clear();
    net::run_blocking(client_.loop(), nothing());
    server_.reset();
    own_.reset();
  }
  template <class T, class... Args>
  T& serve(Args&&... args) {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.loops = {&own_->loop()};
    server_ = std::make_unique<Server>(options);
    T& service = server_->add<T>(std::forward<Args>(args)...);
    net::run_blocking(own_->loop(), start());
    return service;
  }
  Task<> start() {
    const Status status = server_->start();
    EXPECT_TRUE(status.ok()) << status.to_string();
    co_return;
  }
  static Task<> nothing() { co_return; }
  Channel& connect() {
    channels_.push_back(std::make_unique<Channel>("127.0.0.1:" + std::to_string(server_->port())));
    return *channels_.back();
  }
  std::unique_ptr<Asked> begin(Channel& channel, const std::string& value,
                               CallOptions options = {}) {
    return std::make_unique<Asked>(client_.loop(), channel, value, options);
  }
  Status call(Channel& channel, const std::string& value = "quick", CallOptions options = {}) {
    const Result<Text> reply = net::run_blocking(client_.loop(), ask(channel, value, options));
    if (!reply.ok()) return reply.status();
    return reply->value() == value ? Status() : internal_error("another reply");
  }
  template <class T>
  T run(Task<T> task) {
    return net::run_blocking(client_.loop(), std::move(task));
  }

  std::unique_ptr<net::LoopThread> own_;
  net::LoopThread client_{"client"};
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<Channel>> channels_;
};

TEST_F(TakeOver, OtherCallsAreAnsweredWhileAHandlerBlocks) {
  auto& service = serve<Blocking>();
  Channel& channel = connect();
  Channel& other = connect();
  ASSERT_TRUE(call(channel).ok());
  const auto slow = begin(channel, "slow");
  service.gates.await(1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(call(channel).ok());
    EXPECT_TRUE(call(other).ok());
  }
  service.gates.open_all();
  EXPECT_TRUE(slow->reply().ok()) << slow->reply().status().to_string();
  EXPECT_TRUE(call(channel).ok());
}

TEST_F(TakeOver, HandlersComeBackInWhateverOrder) {
  auto& service = serve<Blocking>();
  Channel& channel = connect();
  for (int round = 0; round < 3; ++round) {
    const std::string base = "slow" + std::to_string(round);
    std::vector<std::unique_ptr<Asked>> slow;
    for (int i = 0; i < 4; ++i) {
      slow.push_back(begin(channel, base + std::to_string(i)));
      service.gates.await(round * 4 + i + 1);
      EXPECT_TRUE(call(channel).ok());
    }
    for (const int i : {2, 0, 3, 1}) {
      service.gates.open(base + std::to_string(i));
      const Result<Text>& reply = slow[static_cast<std::size_t>(i)]->reply();
      EXPECT_TRUE(reply.ok()) << reply.status().to_string();
      EXPECT_TRUE(call(channel).ok());
    }
  }
}

TEST_F(TakeOver, AHandlerThatComesBackMayTouchItsCall) {
  auto& service = serve<Blocking>();
  Channel& channel = connect();
  Metadata trailers;
  const auto slow = begin(channel, "slow with trailers", {.trailers = &trailers});
  service.gates.await(1);
  EXPECT_TRUE(call(channel).ok());
  service.gates.open_all();
  EXPECT_TRUE(slow->reply().ok());
  EXPECT_EQ(trailers.get("late"), "1");
}

TEST_F(TakeOver, AnExceptionOfASlowHandlerEndsItsCallOnly) {
  auto& service = serve<Blocking>();
  Channel& channel = connect();
  const auto slow = begin(channel, "slow to throw");
  service.gates.await(1);
  EXPECT_TRUE(call(channel).ok());
  service.gates.open_all();
  EXPECT_EQ(slow->reply().status().code(), StatusCode::Internal);
  EXPECT_TRUE(call(channel).ok());
}

/// Computes until its call is cancelled, which only another thread can find out meanwhile.
struct UntilCancelled : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    if (!is_slow(request)) co_return request;
    ++begun;
    while (!context.is_cancelled()) std::this_thread::yield();
    reason = context.cancel_reason();
    gates.pass("over");
    co_return context.cancel_reason();
  }
  std::atomic<int> begun{0};
  Status reason;
  Gates gates;
};

TEST_F(TakeOver, AHandlerThatComputesSeesItsDeadlinePass) {
  auto& service = serve<UntilCancelled>();
  Channel& channel = connect();
  EXPECT_EQ(call(channel, "slow", {.timeout = 20ms}).code(), StatusCode::DeadlineExceeded);
  service.gates.await(1);
  EXPECT_FALSE(service.reason.ok());
  service.gates.open_all();
  EXPECT_TRUE(call(channel).ok());
}

TEST_F(TakeOver, AHandlerThatComputesSeesItsClientGo) {
  auto& service = serve<UntilCancelled>();
  Channel& channel = connect();
  const auto slow = begin(channel, "slow");
  while (service.begun.load() == 0) std::this_thread::yield();
  channels_.clear();
  EXPECT_FALSE(slow->reply().ok());
  service.gates.await(1);
  EXPECT_EQ(service.reason.code(), StatusCode::Cancelled);
  service.gates.open_all();
}

TEST_F(TakeOver, AStopWaitsForAHandlerThatIsOut) {
  auto& service = serve<Blocking>();
  Channel& channel = connect();
  const auto slow = begin(channel, "slow");
  service.gates.await(1);
  EXPECT_TRUE(call(channel).ok());
  std::thread stopping([this] { server_->stop(kForever); });
  // The connection is told to go, which only a loop that runs can do.
  while (call(connect()).ok()) std::this_thread::yield();
  service.gates.open_all();
  EXPECT_TRUE(slow->reply().ok()) << slow->reply().status().to_string();
  stopping.join();
}

TEST_F(TakeOver, AnImmediateStopCancelsAHandlerThatIsOut) {
  auto& service = serve<UntilCancelled>();
  Channel& channel = connect();
  const auto slow = begin(channel, "slow");
  while (service.begun.load() == 0) std::this_thread::yield();
  service.gates.open_all();
  server_->stop(0s);
  EXPECT_EQ(slow->reply().status().code(), StatusCode::Unavailable);
  EXPECT_EQ(service.reason.code(), StatusCode::Unavailable);
}

TEST_F(TakeOver, AStoppedLoopWaitsForHandlersThatAreOut) {
  auto& service = serve<Blocking>();
  Channel& channel = connect();
  const auto first = begin(channel, "slow1");
  service.gates.await(1);
  const auto second = begin(channel, "slow2");
  service.gates.await(2);
  EXPECT_TRUE(call(channel).ok());
  own_->loop().stop();
  service.gates.open("slow2");
  service.gates.open("slow1");
  // The loop's thread ends when both handlers have, whether or not their answers got away.
  channels_.clear();
  static_cast<void>(first->reply());
  static_cast<void>(second->reply());
  server_.reset();
  own_.reset();
}

class FewThreads : public TakeOver {
 protected:
  FewThreads() : TakeOver({.handler_bound = 100us, .max_slow_handlers = 2}) {}
};

TEST_F(FewThreads, OneTooManyKeepsTheLoopAndLosesNothing) {
  auto& service = serve<Blocking>();
  Channel& channel = connect();
  std::vector<std::unique_ptr<Asked>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(begin(channel, "slow" + std::to_string(i)));
    service.gates.await(i + 1);
  }
  const auto quick = begin(channel, "quick");
  service.gates.open_all();
  for (const auto& one : slow) EXPECT_TRUE(one->reply().ok());
  EXPECT_TRUE(quick->reply().ok());
  EXPECT_TRUE(call(channel).ok());
}

TEST_F(FewThreads, AHandlerThatEndsMakesRoomForAnother) {
  auto& service = serve<Blocking>();
  Channel& channel = connect();
  const auto first = begin(channel, "slow0");
  service.gates.await(1);
  for (int i = 1; i < 6; ++i) {
    const auto next = begin(channel, "slow" + std::to_string(i));
    service.gates.await(i + 1);
    EXPECT_TRUE(call(channel).ok());
    service.gates.open("slow" + std::to_string(i));
    EXPECT_TRUE(next->reply().ok());
  }
  service.gates.open_all();
  EXPECT_TRUE(first->reply().ok());
}

/// Handlers of every kind that block before they first wait.
struct SlowStreams : Kinds {
  Task<Result<Text>> Collect(ServerContext& context, Reader<Text>& reader) override {
    gates.pass("collect");
    co_return co_await Kinds::Collect(context, reader);
  }
  Task<Status> Expand(ServerContext& context, const Text& request, Writer<Text>& writer) override {
    gates.pass("expand");
    co_return co_await Kinds::Expand(context, request, writer);
  }
  Task<Status> Chat(ServerContext& context, Reader<Text>& reader, Writer<Text>& writer) override {
    gates.pass("chat");
    co_return co_await Kinds::Chat(context, reader, writer);
  }
  Gates gates;
};

Task<std::string> collect_all(Channel& channel) {
  auto stream = co_await test::collect(channel);
  for (const char* part : {"a", "b", "c"}) {
    const Text message = text(part);
    if (!co_await stream.write(message)) break;
  }
  const Result<Text> all = co_await stream.finish();
  co_return all.ok() ? all->value() : all.status().to_string();
}

Task<std::string> expand_all(Channel& channel) {
  const Text request = text("abc");
  auto stream = co_await test::expand(channel, request);
  std::string all;
  while (const std::optional<Text> part = co_await stream.read()) all += part->value();
  const Status status = co_await stream.finish();
  co_return status.ok() ? all : status.to_string();
}

Task<std::string> chat_all(Channel& channel) {
  auto stream = co_await test::chat(channel);
  std::string all;
  for (const char* part : {"a", "b", "c"}) {
    const Text message = text(part);
    if (!co_await stream.write(message)) break;
    const std::optional<Text> answer = co_await stream.read();
    if (answer) all += answer->value();
  }
  const Status status = co_await stream.finish();
  co_return status.ok() ? all : status.to_string();
}

TEST_F(TakeOver, StreamingHandlersAreTakenOverUntilTheyFirstWait) {
  auto& service = serve<SlowStreams>();
  Channel& channel = connect();
  std::vector<std::string> answers(3);
  std::vector<std::thread> clients;
  clients.emplace_back([&] { answers[0] = run(collect_all(channel)); });
  service.gates.await(1);
  clients.emplace_back([&] { answers[1] = run(expand_all(channel)); });
  service.gates.await(2);
  clients.emplace_back([&] { answers[2] = run(chat_all(channel)); });
  service.gates.await(3);
  EXPECT_TRUE(call(channel).ok());
  service.gates.open("expand");
  service.gates.open("collect");
  service.gates.open("chat");
  for (std::thread& client : clients) client.join();
  for (const std::string& answer : answers) EXPECT_EQ(answer, "abc");
}

/// Blocks, in a coroutine below another, and then does what belongs to its loop.
struct CallsOn : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    if (!is_slow(request)) return request;
    return call_on(*this, context, request);
  }
  static Task<> block(CallsOn& self, std::string name) {
    self.gates.pass(name);
    co_return;
  }
  static Task<> set(Event& event) {
    const Status status = co_await net::sleep(1ms);
    if (status.ok()) event.set();
  }
  static Task<Result<Text>> call_on(CallsOn& self, ServerContext& context, const Text& request) {
    co_await block(self, request.value());
    Event event;
    Scope scope(&context.context());
    scope.spawn(set(event));
    const Status set = co_await event.wait();
    co_await scope.join();
    const Text onward = text("onward");
    Result<Text> reply = co_await test::unary(*self.next, onward);
    if (!reply.ok() || !set.ok()) co_return reply.status();
    co_return request;
  }
  Gates gates;
  Channel* next = nullptr;
};

TEST_F(TakeOver, ASlowHandlerContinuesOnItsLoop) {
  auto& service = serve<CallsOn>();
  Channel& channel = connect();
  Channel& next = connect();
  service.next = &next;
  const auto first = begin(channel, "slow1");
  service.gates.await(1);
  const auto second = begin(channel, "slow2");
  service.gates.await(2);
  EXPECT_TRUE(call(channel).ok());
  service.gates.open("slow1");
  EXPECT_TRUE(first->reply().ok()) << first->reply().status().to_string();
  service.gates.open("slow2");
  EXPECT_TRUE(second->reply().ok());
  // Its connections belong to the server's loop.
  channels_.pop_back();
  net::run_blocking(own_->loop(), nothing());
}

/// Posts to its own loop before it blocks.
struct Posts : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    if (!is_slow(request)) return request;
    loop->post([this] { ran = true; });
    gates.pass("slow");
    return ran.load() ? Result<Text>(internal_error("it ran beside the handler")) : request;
  }
  net::Loop* loop = nullptr;
  std::atomic<bool> ran{false};
  Gates gates;
};

TEST_F(TakeOver, WhatAHandlerPostsToItsLoopRunsAfterIt) {
  auto& service = serve<Posts>();
  service.loop = &own_->loop();
  Channel& channel = connect();
  const auto slow = begin(channel, "slow");
  service.gates.await(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(call(channel).ok());
  service.gates.open_all();
  const Result<Text>& reply = slow->reply();
  EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_TRUE(call(channel).ok());
  EXPECT_TRUE(service.ran.load());
}

/// The first holds a lock and wants its loop back; the others want the lock.
struct WaitForALock : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    if (!is_slow(request)) return request;
    ++begun;
    const std::lock_guard lock(mutex);
    gates.pass("slow");
    context.trailers().add("held", "1");
    return request;
  }
  std::atomic<int> begun{0};
  std::mutex mutex;
  Gates gates;
};

TEST_F(FewThreads, HandlersMayWaitForOneThatIsOut) {
  auto& service = serve<WaitForALock>();
  Channel& channel = connect();
  std::vector<std::unique_ptr<Asked>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(begin(channel, "slow"));
    while (service.begun.load() <= i) std::this_thread::yield();
  }
  service.gates.open_all();
  for (const auto& one : slow) EXPECT_TRUE(one->reply().ok());
}

/// Calls itself through the loop that it keeps: only another thread can answer.
struct CallsItself : Kinds {
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    if (!is_slow(request)) return request;
    const Result<Text> reply = net::run_blocking(*loop, ask(*channel, "inner", {}));
    return reply;
  }
  net::Loop* loop = nullptr;
  Channel* channel = nullptr;
};

TEST_F(TakeOver, ABlockingCallToTheServerItselfIsAnswered) {
  auto& service = serve<CallsItself>();
  Channel& channel = connect();
  service.loop = &client_.loop();
  service.channel = &channel;
  const auto slow = begin(channel, "slow");
  EXPECT_EQ(slow->reply()->value(), "inner");
}

}  // namespace
}  // namespace weft::rpc
