#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/peers/server_flags.h"

// What a server with one thread and epoll needs around its protocol, at the least cost: one read of
// what is there, one write of what that brought about.
namespace bench {

/// A socket with a Protocol on it: `bool take(std::string_view input, std::string& output)`, false
/// to close.
template <class Protocol>
class EpollConnection {
 public:
  EpollConnection(int poll, int socket) : poll_(poll), socket_(socket) {}
  EpollConnection(const EpollConnection&) = delete;
  EpollConnection& operator=(const EpollConnection&) = delete;
  ~EpollConnection() { close(socket_); }

  /// False when the connection is over.
  bool serve() {
    static std::vector<char> block(256 * 1024);
    if (output_.empty()) {
      const ssize_t size = recv(socket_, block.data(), block.size(), 0);
      if (size <= 0) return size < 0 && errno == EAGAIN;
      if (!protocol_.take({block.data(), static_cast<std::size_t>(size)}, output_)) return false;
    }
    return flush();
  }

 private:
  bool flush() {
    while (sent_ < output_.size()) {
      const ssize_t size =
          send(socket_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
      if (size < 0) return errno == EAGAIN && watch(EPOLLIN | EPOLLOUT);
      sent_ += static_cast<std::size_t>(size);
    }
    output_.clear();
    sent_ = 0;
    return !watching_writes_ || watch(EPOLLIN);
  }

  bool watch(std::uint32_t events) {
    watching_writes_ = (events & EPOLLOUT) != 0;
    epoll_event event{};
    event.events = events;
    event.data.ptr = this;
    return epoll_ctl(poll_, EPOLL_CTL_MOD, socket_, &event) == 0;
  }

  int poll_;
  int socket_;
  Protocol protocol_;
  std::string output_;
  std::size_t sent_ = 0;
  bool watching_writes_ = false;
};

/// Listens on 127.0.0.1 and says on which port.
inline int listen_on(std::uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, name, size) != 0 || listen(listener, 1024) != 0 ||
      getsockname(listener, name, &size) != 0) {
    std::perror("listen");
    std::exit(1);
  }
  say_listening(ntohs(address.sin_port));
  return listener;
}

template <class Protocol>
void accept_all(int poll, int listener) {
  for (;;) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (socket < 0) return;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = new EpollConnection<Protocol>(poll, socket);
    epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
  }
}

/// Serves until it is killed.
template <class Protocol>
[[noreturn]] void serve(int argc, char* argv[]) {
  const auto flags = ServerFlags::read(argc, argv);
  const int timeout = flags.poll ? 0 : -1;
  const int listener = listen_on(flags.port);
  const int poll = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < count; ++i) {
      auto* connection =
          static_cast<EpollConnection<Protocol>*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (connection == nullptr) {
        accept_all<Protocol>(poll, listener);
      } else if (!connection->serve()) {
        delete connection;
      }
    }
  }
}

}  // namespace bench
