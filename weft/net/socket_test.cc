// TCP and Unix sockets on an AsioLoop: real ones, on port 0 of 127.0.0.1 and in a temporary folder.

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/net/asio_loop.h"
#include "weft/net/internal/socket_address.h"
#include "weft/net/internal/socket_stream.h"
#include "weft/net/internal/test_io.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::Accepting;
using test::read_exactly;
using test::read_some;
using test::read_to_end;
using test::run;
using test::write_all;

Address loopback(std::uint16_t port = 0) { return *Address::ip("127.0.0.1", port); }

/// A folder of its own for each test, removed at its end.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weft-net-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

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

TEST(Socket, WritingToAPeerThatHasGoneFailsWithoutASignal) {
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

TEST(Socket, MayBeDestroyedInItsOwnCallbackWithAWaitOutstanding) {
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

TEST(Socket, MayBeDestroyedWithAWaitOutstandingWhenTheLoopEnds) {
  std::unique_ptr<Stream> client;
  AsioLoop loop;
  Result<Pair> pair = run(loop, connect_pair(loop, loopback()));
  ASSERT_TRUE(pair.ok());
  Suicidal handler(loop);
  pair->client->set_handler(&handler);
  pair->client->want_read();
  pair->server->want_write();
}

TEST(Connect, NamesTheAddressAndTheCauseWhenRefused) {
  AsioLoop loop;
  Accepting accepting;
  const Result<Address> address = accepting.start(loop, loopback());
  ASSERT_TRUE(address.ok());
  accepting.listener->close();
  const auto result = run(loop, loop.connect(*address));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().to_string(),
            "UNAVAILABLE: " + address->to_string() + ": connection refused");
  EXPECT_EQ(result.status().origin(), Origin::Transport);
}

TEST(Connect, NamesTheMissingSocketFile) {
  AsioLoop loop;
  const auto result = run(loop, loop.connect(Address::unix_path("/nonexistent/x")));
  EXPECT_EQ(result.status().to_string(), "UNAVAILABLE: unix:/nonexistent/x: no such socket file");
}

TEST(Connect, RefusesAPathThatIsTooLong) {
  AsioLoop loop;
  const auto result = run(loop, loop.connect(Address::unix_path(std::string(108, 'a'))));
  EXPECT_EQ(result.status().code(), StatusCode::InvalidArgument);
  EXPECT_NE(result.status().message().find("has 108 bytes, the system takes at most 107"),
            std::string_view::npos);
}

/// A socket that listens and never accepts, with the smallest backlog there is.
class NeverAccepting {
 public:
  explicit NeverAccepting(const Address& address) {
    internal::SocketAddress target = internal::SocketAddress::from(address).value();
    fd_ = ::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd_, target.get(), target.size), 0);
    EXPECT_EQ(::listen(fd_, 0), 0);
    address_ = internal::local_address_of(fd_);
  }
  NeverAccepting(const NeverAccepting&) = delete;
  NeverAccepting& operator=(const NeverAccepting&) = delete;
  ~NeverAccepting() { ::close(fd_); }
  const Address& address() const { return address_; }
  /// Makes room after all.
  void accept_one() const { ::close(::accept(fd_, nullptr, nullptr)); }

 private:
  int fd_ = -1;
  Address address_;
};

/// Connects until that takes longer than a deadline; gives how it ended.
Task<Status> fill_backlog(AsioLoop& loop, Address address,
                          std::vector<std::unique_ptr<Stream>>& connected) {
  while (connected.size() < 10) {
    Context context;
    context.limit_deadline(loop.now() + 20ms);
    Result<std::unique_ptr<Stream>> next = co_await loop.connect(address).in(context);
    if (!next) co_return next.status();
    connected.push_back(std::move(next).value());
  }
  co_return ok_status();
}

TEST(Connect, EndsAtTheDeadlineOfItsContext) {
  AsioLoop loop;
  const NeverAccepting listener(loopback());
  std::vector<std::unique_ptr<Stream>> connected;
  EXPECT_EQ(
      run(loop, fill_backlog(loop, listener.address(), connected)).to_string(),
      "DEADLINE_EXCEEDED: connecting to " + listener.address().to_string() + ": deadline exceeded");
}

TEST(Connect, EndsWhenItsContextIsCancelled) {
  AsioLoop loop;
  const NeverAccepting listener(loopback());
  std::vector<std::unique_ptr<Stream>> connected;
  ASSERT_FALSE(run(loop, fill_backlog(loop, listener.address(), connected)).ok());
  Context context;
  loop.post([&] { context.cancel(cancelled("changed my mind")); });
  EXPECT_EQ(run(loop, loop.connect(listener.address()), &context).status().to_string(),
            "CANCELLED: connecting to " + listener.address().to_string() + ": changed my mind");
}

TEST(Connect, WaitsForRoomInAUnixListenersBacklog) {
  const Folder folder;
  AsioLoop loop;
  const NeverAccepting listener(Address::unix_path(folder.file("s")));
  std::vector<std::unique_ptr<Stream>> connected;
  EXPECT_EQ(run(loop, fill_backlog(loop, listener.address(), connected)).code(),
            StatusCode::DeadlineExceeded);
  loop.post([&] { listener.accept_one(); });
  EXPECT_TRUE(run(loop, loop.connect(listener.address())).ok());
}

TEST(Listen, NamesTheAddressThatIsInUse) {
  AsioLoop loop;
  Accepting first;
  const Result<Address> address = first.start(loop, loopback());
  ASSERT_TRUE(address.ok());
  Accepting second;
  const Result<Address> again = second.start(loop, *address);
  EXPECT_EQ(again.status().to_string(),
            "ALREADY_EXISTS: " + address->to_string() + ": address in use");
}

TEST(Listen, SharesAPortWhenAsked) {
  AsioLoop loop;
  Accepting first, second;
  const Result<Address> address = first.start(loop, loopback(), {.reuse_port = true});
  ASSERT_TRUE(address.ok());
  EXPECT_TRUE(second.start(loop, *address, {.reuse_port = true}).ok());
}

TEST(Listen, NamesAnAddressThatIsNotOfThisMachine) {
  AsioLoop loop;
  Accepting accepting;
  const Result<Address> address = accepting.start(loop, *Address::ip("192.0.2.1", 0));
  EXPECT_EQ(address.status().to_string(),
            "INVALID_ARGUMENT: 192.0.2.1:0: the address is none of this machine's");
}

TEST(Listen, TakesOverAStaleSocketFileButNotALiveOne) {
  const Folder folder;
  const Address address = Address::unix_path(folder.file("s"));
  AsioLoop loop;
  Accepting first;
  ASSERT_TRUE(first.start(loop, address).ok());
  Accepting second;
  EXPECT_EQ(second.start(loop, address).status().to_string(),
            "ALREADY_EXISTS: " + address.to_string() + ": address in use");

  // A hard link keeps the file of a listener that is gone, as after a crash.
  std::filesystem::create_hard_link(address.host(), folder.file("kept"));
  first.listener->close();
  std::filesystem::rename(folder.file("kept"), address.host());
  EXPECT_TRUE(second.start(loop, address).ok());
}

TEST(Listen, LeavesAFileThatIsNoSocketAlone) {
  const Folder folder;
  const Address address = Address::unix_path(folder.file("s"));
  std::ofstream(address.host()) << "precious";
  AsioLoop loop;
  Accepting accepting;
  EXPECT_NE(accepting.start(loop, address).status().message().find("no socket is in the way"),
            std::string_view::npos);
  EXPECT_EQ(std::filesystem::file_size(address.host()), 8U);
}

TEST(Listen, LeavesASuccessorsSocketFileAlone) {
  const Folder folder;
  const Address address = Address::unix_path(folder.file("s"));
  AsioLoop loop;
  Accepting first, second;
  ASSERT_TRUE(first.start(loop, address).ok());
  std::filesystem::remove(address.host());
  ASSERT_TRUE(second.start(loop, address).ok());
  first.listener->close();
  EXPECT_TRUE(std::filesystem::exists(address.host()));
}

TEST(Listen, SetsTheModeOfTheSocketFile) {
  const Folder folder;
  const Address address = Address::unix_path(folder.file("s"));
  AsioLoop loop;
  Accepting accepting;
  ASSERT_TRUE(accepting.start(loop, address, {.unix_mode = 0600}).ok());
  struct stat file {};
  ASSERT_EQ(::stat(address.host().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
}

TEST(Listen, MayBeDestroyedByItsOwnHandler) {
  AsioLoop loop;
  std::unique_ptr<Listener> listener;
  bool accepted = false;
  Result<std::unique_ptr<Listener>> made =
      loop.listen(loopback(), {}, [&](std::unique_ptr<Accepted>) {
        accepted = true;
        listener.reset();
      });
  ASSERT_TRUE(made.ok());
  listener = std::move(made).value();
  EXPECT_TRUE(run(loop, loop.connect(listener->address())).ok());
  run(loop, sleep(1ms)).ok();
  EXPECT_TRUE(accepted);
}

TEST(Listen, KeepsServingWhenTheProcessRunsOutOfDescriptors) {
  AsioLoop loop;
  Accepting accepting;
  const Result<Address> address = accepting.start(loop, loopback());
  ASSERT_TRUE(address.ok());
  int lines = 0;
  set_log_sink([&](LogLevel, std::string_view) { ++lines; });
  // UBSan needs descriptors of its own the first time it sees a type, here those of the sink, of
  // who knows the error's text, and of the loop as its timer's target.
  log(LogLevel::Error, std::generic_category().message(EMFILE));
  run(loop, sleep(1ms)).ok();
  Result<std::unique_ptr<Stream>> client = run(loop, loop.connect(*address));
  ASSERT_TRUE(client.ok());
  std::unique_ptr<Stream> first = run(loop, accepting.next());
  ASSERT_NE(first, nullptr);

  Result<std::unique_ptr<Stream>> second = unavailable("not tried");
  std::vector<int> hoard;
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) hoard.push_back(fd);
  ::close(hoard.back());
  hoard.pop_back();
  second = run(loop, loop.connect(*address));
  EXPECT_TRUE(second.ok());
  run(loop, sleep(1ms)).ok();
  EXPECT_EQ(accepting.waiting(), 0U);
  for (const int fd : hoard) ::close(fd);

  std::unique_ptr<Stream> accepted = run(loop, accepting.next());
  EXPECT_NE(accepted, nullptr);
  set_log_sink({});
  EXPECT_EQ(lines, 2);
}

}  // namespace
}  // namespace weft::net
