#pragma once

#include <cstddef>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "weft/base/sanitizer.h"

/// What every turn asks of the system, as recv(2), send(2), sendmsg(2) and epoll_wait(2). libc's
/// are points at which pthread_cancel(3) may end a thread: once a process has a second thread, each
/// costs two locked instructions for that. These are none; a loop's thread cannot be cancelled in
/// any case.
namespace weft::net::internal {

#if WEFT_ASAN || WEFT_TSAN  // which watch libc's
using ::epoll_wait;
using ::recv;
using ::send;
using ::sendmsg;
#else
inline ssize_t recv(int fd, void* into, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_recvfrom, fd, into, size, flags, nullptr, nullptr);
}
inline ssize_t send(int fd, const void* data, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
}
inline ssize_t sendmsg(int fd, const msghdr* message, int flags) noexcept {
  return ::syscall(SYS_sendmsg, fd, message, flags);
}
inline int epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) noexcept {
  return static_cast<int>(::syscall(SYS_epoll_pwait, epoll, events, most, timeout_ms, nullptr, 0));
}
#endif

}  // namespace weft::net::internal
