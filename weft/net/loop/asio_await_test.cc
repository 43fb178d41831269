#include "weft/net/loop/asio_await.h"

#include <array>
#include <thread>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "weft/net/loop/internal/test_io.h"

namespace weft::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Socket = asio::local::stream_protocol::socket;
using test::run;

Task<boost::system::error_code> waits(asio::steady_timer& timer) {
  const boost::system::error_code error = co_await timer.async_wait(use_await);
  EXPECT_NE(Loop::current(), nullptr);
  co_return error;
}

TEST(UseAwait, AwaitsAnAsioTimer) {
  AsioLoop loop;
  asio::steady_timer timer(loop.context(), 1ms);
  EXPECT_FALSE(run(loop, waits(timer)));
}

TEST(UseAwait, GivesErrorsAsValues) {
  AsioLoop loop;
  asio::steady_timer timer(loop.context(), 1h);
  loop.post([&] { timer.cancel(); });
  EXPECT_EQ(run(loop, waits(timer)), asio::error::operation_aborted);
}

Task<std::string> talks(asio::io_context& context) {
  Socket a(context), b(context);
  asio::local::connect_pair(a, b);
  const std::string text = "hello from asio";
  auto [wrote, written] = co_await asio::async_write(a, asio::buffer(text), use_await);
  EXPECT_FALSE(wrote);
  EXPECT_EQ(written, text.size());
  std::array<char, 100> buffer{};
  auto [error, size] = co_await b.async_read_some(asio::buffer(buffer), use_await);
  EXPECT_FALSE(error);
  co_return std::string(buffer.data(), size);
}

TEST(UseAwait, ReadsAndWritesOnASocketPair) {
  AsioLoop loop;
  EXPECT_EQ(run(loop, talks(loop.context())), "hello from asio");
}

TEST(UseAwait, WorksOnAProgramsContext) {
  asio::io_context context(1);
  AsioLoop loop(context);
  Task<std::string> task = talks(context);
  loop.enter(
      [&] { task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  loop.stop();
  context.run();
  EXPECT_EQ(task.take(), "hello from asio");
}

Task<int> hops(asio::io_context& context) {
  co_await asio::post(context, use_await);
  co_return 3;
}

TEST(UseAwait, AwaitsAHandlerWithoutArguments) {
  AsioLoop loop;
  EXPECT_EQ(run(loop, hops(loop.context())), 3);
}

TEST(UseAwait, ComesBackFromAnotherContextsThread) {
  AsioLoop loop;
  asio::io_context other(1);
  auto work = asio::make_work_guard(other);
  std::thread thread([&] { other.run(); });
  asio::steady_timer timer(other, 1ms);
  EXPECT_FALSE(run(loop, waits(timer)));
  work.reset();
  thread.join();
}

TEST(UseAwait, LetsTheTaskBeDestroyedMeanwhile) {
  AsioLoop loop;
  asio::steady_timer timer(loop.context(), 1h);
  {
    Task<boost::system::error_code> task = waits(timer);
    loop.enter(
        [&] { task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  }
  timer.cancel();
  EXPECT_TRUE(run(loop, sleep(1ms)).ok());
}

TEST(UseAwait, LetsTheLoopEndWithTheOperationOutstanding) {
  AsioLoop loop;
  auto task = talks(loop.context());
  asio::steady_timer timer(loop.context(), 1h);
  Task<boost::system::error_code> waiting = waits(timer);
  loop.enter(
      [&] { waiting.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
}

}  // namespace
}  // namespace weft::net
