#include "weft/net/socket/internal/socket_connect.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/net/loop/wait.h"
#include "weft/net/socket/internal/socket_address.h"
#include "weft/net/socket/internal/socket_error.h"
#include "weft/net/socket/internal/socket_stream.h"

namespace weft::net::internal {
namespace {

// A Unix listener whose backlog is full gives EAGAIN and nothing to wait for, so it is asked again
// after a while, which doubles up to the second figure.
constexpr Duration kFirstRetry = std::chrono::milliseconds(1);
constexpr Duration kLongestRetry = std::chrono::milliseconds(100);

class ConnectedWait final : public Wait, public StreamHandler {
 public:
  using Wait::Wait;
  void on_readable() noexcept override {}
  void on_writable() noexcept override { complete(); }
};

/// The error number of a non-blocking connect(): 0 or EINPROGRESS among them.
int start_connect(int fd, const SocketAddress& target) {
  int result;
  do {
    result = ::connect(fd, target.get(), target.size);
  } while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : errno;
}

bool is_loopback(const Address& address) noexcept {
  return address.host().starts_with("127.") || address.host() == "::1";
}

int outcome_of(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace

void tune(int fd, const Address& peer) noexcept {
  if (peer.family() == Address::Family::Unix) return;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // Every Linux has it, and lets everybody use it; if not, the system's own remains.
  static constexpr std::string_view kUnpaced = "reno";
  if (is_loopback(peer)) {
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kUnpaced.data(), kUnpaced.size());
  }
}

Task<Result<std::unique_ptr<Stream>>> connect_socket(AsioLoop& loop, Address address) {
  const Result<SocketAddress> target = SocketAddress::from(address);
  if (!target) co_return target.status();
  const int fd = ::socket(target->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) co_return connection_error(address, errno);
  tune(fd, address);

  int error = start_connect(fd, *target);
  auto stream = std::make_unique<SocketStream>(loop, fd, address);
  const bool retries = address.family() == Address::Family::Unix;
  for (Duration pause = kFirstRetry; retries && error == EAGAIN;
       pause = std::min(pause * 2, kLongestRetry)) {
    Wait wait(loop, after(loop.now(), pause));
    const Status status = co_await wait;
    if (!status.ok()) co_return status.with_prefix("connecting to " + address.to_string());
    error = start_connect(fd, *target);
  }
  if (error == EINPROGRESS) {
    ConnectedWait wait(loop);
    stream->set_handler(&wait);
    stream->want_write();
    const Status status = co_await wait;
    if (!status.ok()) co_return status.with_prefix("connecting to " + address.to_string());
    stream->set_handler(nullptr);
    error = outcome_of(fd);
  }
  if (error != 0) co_return connection_error(address, error);
  stream->learn_local_address();
  co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace weft::net::internal
