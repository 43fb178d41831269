#include "tests/command/raw_server.h"

#include <array>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace weft::test {
namespace {

struct Bound {
  int descriptor = -1;
  std::uint16_t port = 0;
};

Bound bind_to_any_port() {
  Bound bound;
  bound.descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(bound.descriptor, generic, size) != 0) std::abort();
  if (getsockname(bound.descriptor, generic, &size) != 0) std::abort();
  bound.port = ntohs(address.sin_port);
  return bound;
}

}  // namespace

RawServer::RawServer(std::string answer, Then then) : answer_(std::move(answer)), then_(then) {
  const Bound bound = bind_to_any_port();
  listener_ = bound.descriptor;
  port_ = bound.port;
  if (listen(listener_, 16) != 0) std::abort();
  thread_ = std::thread([this] { serve(); });
}

RawServer::~RawServer() {
  // Ends accept().
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
  for (const int connection : open_) close(connection);
}

void RawServer::serve() {
  while (true) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    answer(connection);
  }
}

void RawServer::answer(int connection) {
  if (then_ != Then::CloseUnread) {
    std::array<char, 4096> buffer;
    static_cast<void>(recv(connection, buffer.data(), buffer.size(), 0));
    static_cast<void>(send(connection, answer_.data(), answer_.size(), MSG_NOSIGNAL));
  }
  if (then_ == Then::StayOpen) {
    open_.push_back(connection);
  } else {
    close(connection);
  }
}

std::string closed_port() {
  const Bound bound = bind_to_any_port();
  close(bound.descriptor);
  return "127.0.0.1:" + std::to_string(bound.port);
}

}  // namespace weft::test
