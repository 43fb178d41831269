#include "weft/net/socket/internal/socket_stream.h"

#include <algorithm>
#include <cerrno>
#include <climits>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "weft/net/loop/internal/system_call.h"
#include "weft/net/socket/internal/socket_address.h"
#include "weft/net/socket/internal/socket_error.h"

namespace weft::net::internal {

namespace {

// A broken pipe is an error code, never a signal to the process.
ssize_t send_slices(int fd, std::span<const iovec> slices) noexcept {
  // The system looks at less this way, and most answers are one slice.
  if (slices.size() == 1)
    return internal::send(fd, slices[0].iov_base, slices[0].iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(slices.data());
  message.msg_iovlen = std::min<std::size_t>(slices.size(), IOV_MAX);
  return internal::sendmsg(fd, &message, MSG_NOSIGNAL);
}

}  // namespace

void SocketStream::learn_local_address() { local_ = local_address_of(fd()); }

IoResult SocketStream::read(std::span<char> into) noexcept {
  if (into.empty()) return {};
  ssize_t size;
  do {
    size = internal::recv(fd(), into.data(), into.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size > 0) {
    const auto got = static_cast<std::size_t>(size);
    if (got < into.size()) descriptor_->drained();
    return {.kind = IoResult::Kind::Done, .size = got, .error = {}};
  }
  if (size == 0) return {.kind = IoResult::Kind::End, .size = 0, .error = {}};
  if (errno == EAGAIN) descriptor_->drained();
  return failed(errno);
}

IoResult SocketStream::write(std::span<const iovec> slices) noexcept {
  ssize_t size;
  do {
    size = send_slices(fd(), slices);
  } while (size < 0 && errno == EINTR);
  if (size > 0) {
    return {.kind = IoResult::Kind::Done, .size = static_cast<std::size_t>(size), .error = {}};
  }
  if (size == 0) return {};
  return failed(errno);
}

IoResult SocketStream::failed(int error) const {
  if (error == EAGAIN || error == EWOULDBLOCK) return {};
  return {.kind = IoResult::Kind::Failed, .size = 0, .error = connection_error(peer_, error)};
}

void SocketStream::shutdown_write() noexcept {
  if (fd() >= 0) ::shutdown(fd(), SHUT_WR);
}

void SocketStream::abort() noexcept {
  constexpr linger kReset{.l_onoff = 1, .l_linger = 0};
  if (fd() >= 0) ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &kReset, sizeof kReset);
  close();
}

std::size_t SocketStream::unacknowledged() const noexcept {
  int bytes = 0;
  if (fd() < 0 || ::ioctl(fd(), SIOCOUTQ, &bytes) != 0) return 0;
  return static_cast<std::size_t>(std::max(bytes, 0));
}

}  // namespace weft::net::internal
