#include "weft/net/socket/internal/socket_listener.h"

#include <cerrno>
#include <cstdint>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "weft/base/fatal.h"
#include "weft/base/log.h"
#include "weft/net/loop/internal/descriptor.h"
#include "weft/net/socket/internal/listen_socket.h"
#include "weft/net/socket/internal/socket_address.h"
#include "weft/net/socket/internal/socket_connect.h"
#include "weft/net/socket/internal/socket_error.h"
#include "weft/net/socket/internal/socket_stream.h"

namespace weft::net::internal {
namespace {

// Connections taken in one turn, so that a flood of them does not hold up the loop's others; fewer
// where these have had much to do in this round.
constexpr int kAcceptsPerTurn = 64;
constexpr int kAcceptsInLongRound = 8;
// In units of Loop::add_work(): the kernel's part, the stream, what the handler makes of it.
constexpr std::int32_t kWorkOfAccept = 40;
// How long a listener rests when the process has run out of descriptors or memory: from the first
// figure to the sum of both, so that many listeners do not come back together.
constexpr Duration kShortestPause = std::chrono::milliseconds(50);
constexpr Duration kPauseJitter = std::chrono::milliseconds(50);
constexpr Duration kLogInterval = std::chrono::seconds(1);

class AcceptedSocket final : public Accepted {
 public:
  AcceptedSocket(int fd, Address peer) : fd_(fd), peer_(std::move(peer)) {}
  ~AcceptedSocket() override {
    if (fd_ >= 0) ::close(fd_);
  }
  std::unique_ptr<Stream> bind_to(Loop& loop) override {
    auto* asio_loop = dynamic_cast<AsioLoop*>(&loop);
    if (asio_loop == nullptr) {
      fatal("Accepted::bind_to: a socket was given to a loop that is no AsioLoop");
    }
    tune(fd_, peer_);
    auto stream =
        std::make_unique<SocketStream>(*asio_loop, std::exchange(fd_, -1), std::move(peer_));
    stream->learn_local_address();
    return stream;
  }

 private:
  int fd_;
  Address peer_;
};

/// An error of the connection that was to be accepted, not of the listener: accept(2) says that
/// Linux passes pending network errors on to the new socket's accept.
bool is_of_the_connection(int error) {
  switch (error) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
    case ENOPROTOOPT:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

class SocketListener final : public Listener, private StreamHandler, private Timer {
 public:
  SocketListener(AsioLoop& loop, ListenSocket socket, AcceptHandler handler)
      : Timer(&SocketListener::rested),
        loop_(loop),
        socket_(std::move(socket)),
        descriptor_(Descriptor::adopt(loop, socket_.take_fd())),
        handler_(std::make_shared<AcceptHandler>(std::move(handler))) {
    descriptor_->set_handler(this);
    descriptor_->want_read();
  }
  ~SocketListener() override { close(); }

  const Address& address() const noexcept override { return socket_.address(); }
  void close() noexcept override {
    Timer::cancel();
    socket_.remove_file();
    descriptor_->close();
  }

 private:
  void on_readable() noexcept override;
  void on_writable() noexcept override {}
  void rest(int error) noexcept;
  static void rested(Timer& timer) noexcept {
    static_cast<SocketListener&>(timer).descriptor_->want_read();
  }

  AsioLoop& loop_;
  ListenSocket socket_;
  DescriptorRef descriptor_;
  // Shared with the accepts under way, since the handler may destroy the listener.
  std::shared_ptr<AcceptHandler> handler_;
  TimePoint next_log_ = TimePoint::min();
};

void SocketListener::on_readable() noexcept {
  // This object may be gone after each call of the handler; these are not.
  AsioLoop& loop = loop_;
  const DescriptorRef descriptor = descriptor_;
  const std::shared_ptr<AcceptHandler> handler = handler_;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (i >= kAcceptsInLongRound && loop.round_is_long()) break;
    SocketAddress peer;
    const int fd =
        ::accept4(descriptor->fd(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      loop.add_work(kWorkOfAccept);
      (*handler)(std::make_unique<AcceptedSocket>(fd, peer.to_address()));
      if (descriptor->fd() < 0) return;
      continue;
    }
    const int error = errno;
    if (is_of_the_connection(error)) continue;
    if (error != EAGAIN && error != EWOULDBLOCK) return rest(error);
    break;
  }
  descriptor->want_read();
}

void SocketListener::rest(int error) noexcept {
  const TimePoint now = loop_.now();
  if (now >= next_log_) {
    next_log_ = now + kLogInterval;
    log(LogLevel::Error, "accept on " + address().to_string() + ": " + error_text(error) +
                             "; new connections have to wait");
  }
  const auto jitter = static_cast<std::uint64_t>(kPauseJitter.count());
  loop_.arm(*this,
            now + kShortestPause + Duration(static_cast<std::int64_t>(loop_.rng().below(jitter))));
}

}  // namespace

Result<std::unique_ptr<Listener>> listen_on_socket(AsioLoop& loop, const Address& address,
                                                   const ListenOptions& options,
                                                   AcceptHandler handler) {
  Result<ListenSocket> socket = ListenSocket::open(address, options);
  if (!socket) return std::move(socket).status();
  return std::unique_ptr<Listener>(
      std::make_unique<SocketListener>(loop, std::move(socket).value(), std::move(handler)));
}

}  // namespace weft::net::internal
