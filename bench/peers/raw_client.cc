// Frames of a fixed form over plain sockets and epoll, one thread: what a read brought is counted,
// and as many frames go out in one write.
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/client/load.h"
#include "bench/payload.h"

namespace {

using bench::Load;

constexpr std::size_t kBlock = 256 * 1024;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::string frame_of(const bench::Plan& plan) {
  const std::string payload = bench::payload_of(plan.bytes);
  const std::uint32_t size = htonl(static_cast<std::uint32_t>(payload.size()));
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + payload;
}

int connect_to(const bench::Plan& plan) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(plan.port());
  inet_pton(AF_INET, plan.host().c_str(), &address.sin_addr);
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

/// One round trip before anything is timed; the bytes have to be the same.
void try_out(int socket, const std::string& frame) {
  std::thread writer([&] {
    for (std::size_t sent = 0; sent < frame.size();) {
      const ssize_t size = send(socket, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) fail("send");
      sent += static_cast<std::size_t>(size);
    }
  });
  std::string answer(frame.size(), '\0');
  const ssize_t size = recv(socket, answer.data(), answer.size(), MSG_WAITALL);
  writer.join();
  if (size != static_cast<ssize_t>(frame.size()) || answer != frame) fail("not an echo");
}

class Connection {
 public:
  Connection(Load& load, int poll, const std::string& frame)
      : load_(load), poll_(poll), frame_(frame), socket_(connect_to(load.plan())) {
    try_out(socket_, frame_);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    epoll_ctl(poll_, EPOLL_CTL_ADD, socket_, &event);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(socket_); }

  bool idle() const { return sent_at_.empty(); }

  void begin(std::size_t frames) {
    const bench::TimePoint now = bench::Clock::now();
    for (; frames > 0 && load_.running(); --frames) {
      output_ += frame_;
      sent_at_.push_back(now);
    }
    write();
  }
  void ready(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) write();
    if ((events & EPOLLIN) != 0) read();
  }

 private:
  void read() {
    static std::array<char, kBlock> block;
    const ssize_t size = recv(socket_, block.data(), block.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) fail("recv");
    received_ += static_cast<std::size_t>(size);
    std::size_t ended = 0;
    for (; received_ >= frame_.size(); received_ -= frame_.size(), ++ended) {
      load_.done(sent_at_.front());
      sent_at_.pop_front();
    }
    if (ended > 0) begin(ended);
  }
  void write() {
    while (written_ < output_.size()) {
      const ssize_t size = send(socket_, output_.data() + written_, output_.size() - written_,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size < 0 && errno == EAGAIN) return watch(EPOLLIN | EPOLLOUT);
      if (size <= 0) fail("send");
      written_ += static_cast<std::size_t>(size);
    }
    output_.clear();
    written_ = 0;
    watch(EPOLLIN);
  }
  void watch(std::uint32_t events) {
    if (events == watched_) return;
    watched_ = events;
    epoll_event event{};
    event.events = events;
    event.data.ptr = this;
    epoll_ctl(poll_, EPOLL_CTL_MOD, socket_, &event);
  }

  Load& load_;
  int poll_;
  const std::string& frame_;
  int socket_;
  std::uint32_t watched_ = EPOLLIN;
  std::string output_;
  std::size_t written_ = 0;
  std::size_t received_ = 0;
  std::deque<bench::TimePoint> sent_at_;
};

void run(Load& load) {
  const std::string frame = frame_of(load.plan());
  const int poll = epoll_create1(0);
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i < load.plan().connections; ++i) {
    connections.push_back(std::make_unique<Connection>(load, poll, frame));
  }
  if (load.plan().calls != 0) load.conduct();
  for (const auto& connection : connections) connection->begin(load.plan().outstanding);
  const auto busy = [&] {
    for (const auto& connection : connections) {
      if (!connection->idle()) return true;
    }
    return false;
  };
  const int timeout = load.plan().poll_micros > 0 ? 0 : -1;
  while (busy()) {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(poll, events.data(), static_cast<int>(events.size()), timeout);
    for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(count, 0)); ++i) {
      static_cast<Connection*>(events[i].data.ptr)->ready(events[i].events);
    }
  }
  close(poll);
}

}  // namespace

int main(int argc, char* argv[]) {
  const bench::Plan plan = bench::read_plan("Echoes frames over plain sockets", argc, argv);
  if (plan.stream || plan.rate > 0) {
    std::fprintf(stderr, "raw: neither streams nor an open loop\n");
    return 1;
  }
  Load load(plan);
  std::thread worker([&] { run(load); });
  if (plan.calls == 0) load.conduct();
  worker.join();
  return load.finish();
}
