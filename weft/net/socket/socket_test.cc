// What a socket's stream carries, on an AsioLoop: TCP and Unix sockets, real ones, on port 0 of
// 127.0.0.1 and in a temporary folder.

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/internal/test_io.h"
#include "weft/net/socket/internal/socket_stream.h"
#include "weft/testing/folder.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::Accepting;
using test::loopback;
using test::read_exactly;
using test::read_some;
using test::read_to_end;
using test::run;
using test::write_all;
using testing::Folder;

struct Pair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

Task<Result<Pair>> connect_pair(AsioLoop& loop, Address address) {
  Accepting accepting;
  const Result<Address> bound = accepting.start(loop, address);
  if (!bound) co_return bound.status();
  Result<std::unique_ptr<Stream>> client = co_await loop.connect(*bound);
  if (!client) co_return client.status();
  Pair pair;
  pair.client = std::move(client).value();
  pair.server = co_await accepting.next();
  co_return pair;
}

Task<Status> echo(AsioLoop& loop, Address address) {
  Result<Pair> pair = co_await connect_pair(loop, address);
  if (!pair) co_return pair.status();
  Status wrote = co_await write_all(*pair->client, "hello");
  if (!wrote.ok()) co_return wrote;
  const Result<std::string> heard = co_await read_some(*pair->server);
  EXPECT_EQ(*heard, "hello");
  pair->client->shutdown_write();
  EXPECT_EQ(*co_await read_some(*pair->server), "");
  Status answered = co_await write_all(*pair->server, "world");
  EXPECT_TRUE(answered.ok());
  pair->server->close();
  const Result<std::string> answer = co_await read_to_end(*pair->client);
  EXPECT_EQ(*answer, "world");
  co_return ok_status();
}

TEST(Socket, CarriesBytesBothWaysOverTcp) {
  AsioLoop loop;
  EXPECT_EQ(run(loop, echo(loop, loopback())).to_string(), "OK");
}

TEST(Socket, CarriesBytesOverIpv6) {
  AsioLoop loop;
  const Status status = run(loop, echo(loop, *Address::ip("::1", 0)));
  if (status.code() == StatusCode::InvalidArgument) GTEST_SKIP() << status.to_string();
  EXPECT_EQ(status.to_string(), "OK");
}

TEST(Socket, CarriesBytesOverAUnixSocketAndRemovesItsFile) {
  const Folder folder;
  AsioLoop loop;
  const Address address = Address::unix_path(folder.file("s"));
  EXPECT_EQ(run(loop, echo(loop, address)).to_string(), "OK");
  EXPECT_FALSE(std::filesystem::exists(address.host()));
}

TEST(Socket, CarriesBytesOverAnAbstractUnixSocket) {
  AsioLoop loop;
  const Address address = Address::unix_path("@weft-net-test-" + std::to_string(::getpid()));
  EXPECT_EQ(run(loop, echo(loop, address)).to_string(), "OK");
}

Task<Status> check_addresses(AsioLoop& loop) {
  Result<Pair> pair = co_await connect_pair(loop, loopback());
  if (!pair) co_return pair.status();
  EXPECT_EQ(pair->client->local_address(), pair->server->peer_address());
  EXPECT_EQ(pair->client->peer_address(), pair->server->local_address());
  EXPECT_EQ(pair->client->peer_address().host(), "127.0.0.1");
  EXPECT_NE(pair->client->peer_address().port(), 0);
  co_return ok_status();
}

TEST(Socket, KnowsBothAddresses) {
  AsioLoop loop;
  EXPECT_TRUE(run(loop, check_addresses(loop)).ok());
}

std::string congestion_control(const Stream& stream) {
  std::array<char, 16> name{};
  socklen_t size = name.size();
  const int fd = static_cast<const internal::SocketStream&>(stream).fd();
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size), 0);
  return name.data();
}

TEST(Socket, PacesNothingToThisMachineItself) {
  AsioLoop loop;
  Result<Pair> pair = run(loop, connect_pair(loop, loopback()));
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(congestion_control(*pair->client), "reno");
  EXPECT_EQ(congestion_control(*pair->server), "reno");
}

struct Feeder {
  Stream& stream;
  std::string data;
  Status status;
  Task<void> go() {
    status = co_await write_all(stream, data);
    stream.shutdown_write();
  }
};

Task<Status> transfer(AsioLoop& loop, std::size_t size) {
  Result<Pair> pair = co_await connect_pair(loop, loopback());
  if (!pair) co_return pair.status();
  std::string data(size, '\0');
  for (char& c : data) c = static_cast<char>(loop.rng()());
  Feeder feeder{.stream = *pair->client, .data = data, .status = {}};
  Task<void> writing = feeder.go();
  writing.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
  Result<std::string> received = co_await read_to_end(*pair->server);
  EXPECT_TRUE(received.ok() && *received == data);
  co_return feeder.status;
}

TEST(Socket, WritesMoreThanFitsOnceThereIsRoomAgain) {
  AsioLoop loop;
  EXPECT_TRUE(run(loop, transfer(loop, 8 << 20)).ok());
}

TEST(Socket, WritesManySlicesInOrder) {
  AsioLoop loop;
  Result<Pair> pair = run(loop, connect_pair(loop, loopback()));
  ASSERT_TRUE(pair.ok());
  std::string digits;
  for (int i = 0; i < 3000; ++i) digits.push_back(static_cast<char>('0' + i % 10));
  std::vector<iovec> slices;
  for (char& c : digits) slices.push_back({.iov_base = &c, .iov_len = 1});
  std::span<const iovec> left(slices);
  while (!left.empty()) {
    const IoResult result = pair->client->write(left);
    ASSERT_EQ(result.kind, IoResult::Kind::Done);
    left = left.subspan(result.size);
  }
  EXPECT_EQ(*run(loop, read_exactly(*pair->server, digits.size())), digits);
}

TEST(Socket, ReportsAResetByThePeer) {
  AsioLoop loop;
  Result<Pair> pair = run(loop, connect_pair(loop, loopback()));
  ASSERT_TRUE(pair.ok());
  ASSERT_TRUE(run(loop, write_all(*pair->client, "unread")).ok());
  ASSERT_TRUE(run(loop, read_some(*pair->server, 1)).ok());
  const std::string peer = pair->server->local_address().to_string();
  // Closing with unread bytes resets the connection.
  pair->server.reset();
  const Result<std::string> result = run(loop, read_some(*pair->client));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().to_string(), "UNAVAILABLE: " + peer + ": connection reset by peer");
  EXPECT_EQ(result.status().origin(), Origin::Transport);
}

TEST(Socket, WritingToAClosedPeerFailsWithoutASignal) {
  AsioLoop loop;
  Result<Pair> pair =
      run(loop, connect_pair(loop, Address::unix_path("@weft-pipe-" + std::to_string(::getpid()))));
  ASSERT_TRUE(pair.ok());
  pair->server.reset();
  const Status status = run(loop, write_all(*pair->client, "x"));
  EXPECT_NE(status.message().find("broken pipe"), std::string_view::npos) << status.to_string();
}

TEST(Socket, IsOfNoUseOnceClosed) {
  AsioLoop loop;
  Result<Pair> pair = run(loop, connect_pair(loop, loopback()));
  ASSERT_TRUE(pair.ok());
  pair->client->close();
  pair->client->close();
  pair->client->want_read();
  pair->client->shutdown_write();
  std::array<char, 8> buffer{};
  const IoResult result = pair->client->read(buffer);
  EXPECT_EQ(result.kind, IoResult::Kind::Failed);
  EXPECT_NE(result.error.message().find("the stream is closed"), std::string_view::npos);
}

/// Destroys its stream from within the callback.
struct Suicidal final : StreamHandler {
  explicit Suicidal(AsioLoop& owner) : loop(owner) {}
  void on_readable() noexcept override {
    stream.reset();
    loop.stop();
  }
  void on_writable() noexcept override {}
  AsioLoop& loop;
  std::unique_ptr<Stream> stream;
};

TEST(Socket, MayBeDestroyedInItsCallbackWhileWaiting) {
  AsioLoop loop;
  Result<Pair> pair = run(loop, connect_pair(loop, loopback()));
  ASSERT_TRUE(pair.ok());
  Suicidal handler(loop);
  handler.stream = std::move(pair->server);
  handler.stream->set_handler(&handler);
  handler.stream->want_read();
  std::string block(1 << 20, 'x');
  const iovec slice{.iov_base = block.data(), .iov_len = block.size()};
  while (handler.stream->write({&slice, 1}).kind == IoResult::Kind::Done) {
  }
  handler.stream->want_write();
  ASSERT_TRUE(run(loop, write_all(*pair->client, "x")).ok());
  if (handler.stream != nullptr) {
    const test::Watchdog watchdog(loop);
    loop.run();
  }
  EXPECT_EQ(handler.stream, nullptr);
}

TEST(Socket, ToleratesThatItsHandlerHasGoneWithAWaitOutstanding) {
  AsioLoop loop;
  Result<Pair> pair = run(loop, connect_pair(loop, loopback()));
  ASSERT_TRUE(pair.ok());
  {
    Suicidal handler(loop);
    pair->server->set_handler(&handler);
    pair->server->want_read();
    pair->server->set_handler(nullptr);
  }
  ASSERT_TRUE(run(loop, write_all(*pair->client, "x")).ok());
  EXPECT_TRUE(run(loop, sleep(2ms)).ok());
  // The readiness that nobody heard of is not lost to who reads.
  EXPECT_EQ(*run(loop, read_some(*pair->server)), "x");
}

TEST(Socket, MayBeDestroyedWhileWaitingWhenTheLoopEnds) {
  std::unique_ptr<Stream> client;
  AsioLoop loop;
  Result<Pair> pair = run(loop, connect_pair(loop, loopback()));
  ASSERT_TRUE(pair.ok());
  Suicidal handler(loop);
  pair->client->set_handler(&handler);
  pair->client->want_read();
  pair->server->want_write();
}

}  // namespace
}  // namespace weft::net
