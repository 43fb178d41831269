#include "weft/net/socket/memory_stream.h"

#include <array>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/internal/test_io.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::Accepting;
using test::read_exactly;
using test::read_some;
using test::read_to_end;
using test::run;
using test::write_all;

std::string random_bytes(Rng& rng, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(rng());
  return bytes;
}

Task<Status> send_and_end(Stream& stream, std::string data) {
  const Status status = co_await write_all(stream, std::move(data));
  stream.shutdown_write();
  co_return status;
}

/// Lets a task run beside the one under test.
struct Beside {
  explicit Beside(Task<Status> started) : task(std::move(started)) {
    task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
  }
  Task<Status> task;
};

Task<Status> exchange(Stream& a, Stream& b, std::string data) {
  Beside writing(send_and_end(a, data));
  const Result<std::string> received = co_await read_to_end(b);
  EXPECT_TRUE(received.ok() && *received == data);
  co_return writing.task.take();
}

TEST(MemoryStream, CarriesMoreThanItsCapacityOnOneLoop) {
  AsioLoop loop;
  Rng rng(7);
  auto [a, b] = memory_pair(loop, loop, 1000);
  EXPECT_TRUE(run(loop, exchange(*a, *b, random_bytes(rng, 100000))).ok());
  EXPECT_TRUE(run(loop, exchange(*b, *a, random_bytes(rng, 100000))).ok());
}

TEST(MemoryStream, HoldsNoMoreThanItsCapacity) {
  AsioLoop loop;
  auto [a, b] = memory_pair(loop, loop, 10);
  std::string text(25, 'x');
  const std::array<iovec, 2> slices = {iovec{.iov_base = text.data(), .iov_len = 4},
                                       iovec{.iov_base = text.data(), .iov_len = 20}};
  EXPECT_EQ(a->write(slices).size, 10U);
  EXPECT_EQ(a->write(slices).kind, IoResult::Kind::WouldBlock);
  std::array<char, 4> buffer{};
  EXPECT_EQ(b->read(buffer).size, 4U);
  EXPECT_EQ(a->write(slices).size, 4U);
}

TEST(MemoryStream, LetsThePeerReadWhatWasWrittenBeforeTheEnd) {
  AsioLoop loop;
  auto [a, b] = memory_pair(loop, loop);
  ASSERT_TRUE(run(loop, write_all(*a, "last words")).ok());
  a.reset();
  EXPECT_EQ(*run(loop, read_to_end(*b)), "last words");
  const Status status = run(loop, write_all(*b, "x"));
  EXPECT_EQ(status.to_string(), "UNAVAILABLE: memory:first: broken pipe");
}

TEST(MemoryStream, TellsAWaitingReaderOfTheEnd) {
  AsioLoop loop;
  auto [a, b] = memory_pair(loop, loop);
  Stream* first = a.get();
  loop.post([first] { first->close(); });
  EXPECT_EQ(*run(loop, read_some(*b)), "");
}

TEST(MemoryStream, IsOfNoUseOnceClosed) {
  AsioLoop loop;
  auto [a, b] = memory_pair(loop, loop);
  a->close();
  a->close();
  std::array<char, 4> buffer{};
  EXPECT_EQ(a->read(buffer).error.message(), "memory:second: the stream is closed");
}

TEST(MemoryStream, CarriesBytesBetweenTwoThreads) {
  AsioLoop first, second;
  Rng rng(8);
  const std::string there = random_bytes(rng, 1 << 20);
  const std::string back = random_bytes(rng, 1 << 20);
  auto [a, b] = memory_pair(first, second, 5000);
  std::thread other([&, stream = std::move(b)]() mutable {
    const Result<std::string> heard = run(second, read_exactly(*stream, there.size()));
    EXPECT_TRUE(heard.ok() && *heard == there);
    EXPECT_TRUE(run(second, send_and_end(*stream, back)).ok());
    stream.reset();
  });
  EXPECT_TRUE(run(first, write_all(*a, there)).ok());
  const Result<std::string> heard = run(first, read_to_end(*a));
  EXPECT_TRUE(heard.ok() && *heard == back);
  other.join();
}

TEST(MemoryStream, OutlivesThePeersLoop) {
  AsioLoop first;
  std::unique_ptr<Stream> kept;
  {
    AsioLoop second;
    auto [a, b] = memory_pair(first, second);
    kept = std::move(a);
    b->want_read();
    ASSERT_TRUE(run(first, write_all(*kept, "x")).ok());
  }
  EXPECT_EQ(*run(first, read_some(*kept)), "");
}

Task<Status> echo(AsioLoop& loop, Address address) {
  Accepting accepting;
  const Result<Address> bound = accepting.start(loop, address);
  if (!bound) co_return bound.status();
  Accepting again;
  EXPECT_EQ(again.start(loop, address).status().to_string(),
            "ALREADY_EXISTS: memory:echo: address in use");
  Result<std::unique_ptr<Stream>> client = co_await loop.connect(address);
  if (!client) co_return client.status();
  std::unique_ptr<Stream> server = co_await accepting.next();
  const Status wrote = co_await write_all(**client, "hello");
  EXPECT_TRUE(wrote.ok());
  EXPECT_EQ(*co_await read_some(*server), "hello");
  co_return ok_status();
}

TEST(MemoryListener, ConnectsWithinTheProcess) {
  AsioLoop loop;
  EXPECT_EQ(run(loop, echo(loop, Address::memory("echo"))).to_string(), "OK");
}

TEST(MemoryListener, RefusesANameNobodyListensOn) {
  AsioLoop loop;
  const auto result = run(loop, loop.connect(Address::memory("nobody")));
  EXPECT_EQ(result.status().to_string(), "UNAVAILABLE: memory:nobody: connection refused");
}

TEST(MemoryListener, EndsAConnectionThatItDidNotLiveToAccept) {
  AsioLoop loop;
  Accepting accepting;
  ASSERT_TRUE(accepting.start(loop, Address::memory("short-lived")).ok());
  loop.enter([&] {
    Result<std::unique_ptr<Stream>> client = memory_connect(loop, Address::memory("short-lived"));
    ASSERT_TRUE(client.ok());
    accepting.listener.reset();
    EXPECT_EQ(accepting.waiting(), 0U);
    std::unique_ptr<Stream> stream = std::move(client).value();
    loop.post([&loop, stream = std::move(stream)]() mutable {
      std::array<char, 1> buffer{};
      EXPECT_EQ(stream->read(buffer).kind, IoResult::Kind::End);
      loop.stop();
    });
  });
  loop.run();
}

}  // namespace
}  // namespace weft::net
