// How a connection comes about, or does not: TCP and Unix sockets on an AsioLoop.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/internal/test_io.h"
#include "weft/net/socket/internal/socket_address.h"
#include "weft/testing/folder.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::Accepting;
using test::loopback;
using test::run;
using testing::Folder;

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
  const Folder folder;
  const std::string path = folder.file("x");
  const auto result = run(loop, loop.connect(Address::unix_path(path)));
  EXPECT_EQ(result.status().to_string(), "UNAVAILABLE: unix:" + path + ": no such socket file");
}

TEST(Connect, NamesTheMissingFolderOfASocketFile) {
  AsioLoop loop;
  const Address address = Address::unix_path("/nonexistent/deep/x");
  const auto result = run(loop, loop.connect(address));
  EXPECT_EQ(result.status().to_string(),
            "UNAVAILABLE: unix:/nonexistent/deep/x: no such folder: /nonexistent/deep");
  const auto listener = loop.listen(address, {}, [](std::unique_ptr<Accepted>) {});
  EXPECT_EQ(listener.status().to_string(),
            "UNAVAILABLE: unix:/nonexistent/deep/x: no such folder: /nonexistent/deep");
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

}  // namespace
}  // namespace weft::net
