// Calls through an HTTP proxy on real sockets, in plaintext and over TLS.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "weft/testing/certificates.h"

#include "tests/rpc/echo_service.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Serving;
using test::Text;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Takes one connection on a thread of its own, and joins it to the port that CONNECT names.
class HttpProxy {
 public:
  HttpProxy() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listening_, raw, size), 0);
    EXPECT_EQ(::listen(listening_, 1), 0);
    EXPECT_EQ(::getsockname(listening_, raw, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~HttpProxy() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// Once the channel is gone.
  const std::string& asked() const noexcept { return asked_; }

 private:
  void run() {
    const int client = ::accept(listening_, nullptr, nullptr);
    if (client < 0) return;
    char next = 0;
    while (!asked_.ends_with("\r\n\r\n") && ::recv(client, &next, 1, 0) == 1) asked_ += next;
    const std::size_t colon = asked_.find(':');
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address =
        loopback(static_cast<std::uint16_t>(std::stoi(asked_.substr(colon + 1))));
    EXPECT_EQ(::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    // With the server's first bytes in one write, as they may come.
    std::array<char, 4096> block;
    std::string answer = "HTTP/1.1 200 OK\r\n\r\n";
    pollfd early{.fd = server, .events = POLLIN, .revents = 0};
    if (::poll(&early, 1, 50) == 1) {
      const ssize_t size = ::recv(server, block.data(), block.size(), 0);
      answer.append(block.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    }
    send_all(client, answer);
    while (pass_on(client, server)) {
    }
    ::close(client);
    ::close(server);
  }
  static void send_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t size = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  /// False at the end of either.
  static bool pass_on(int a, int b) {
    std::array<pollfd, 2> both{{{a, POLLIN, 0}, {b, POLLIN, 0}}};
    if (::poll(both.data(), both.size(), 10'000) <= 0) return false;
    std::array<char, 4096> block;
    for (const pollfd& from : both) {
      if (from.revents == 0) continue;
      const ssize_t size = ::recv(from.fd, block.data(), block.size(), 0);
      if (size <= 0) return false;
      send_all(from.fd == a ? b : a, {block.data(), static_cast<std::size_t>(size)});
    }
    return true;
  }

  int listening_;
  std::uint16_t port_ = 0;
  std::string asked_;
  std::thread thread_;
};

TEST(ChannelsThroughAProxy, CallInPlaintext) {
  Serving<Kinds> serving;
  HttpProxy proxy;
  {
    Channel channel(serving.target(), {.proxy = proxy.url()});
    const Result<Text> reply = test::call(channel, std::string(100'000, 'x'), {.timeout = 10s});
    EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  }
  EXPECT_EQ(proxy.asked(),
            "CONNECT " + serving.target() + " HTTP/1.1\r\nHost: " + serving.target() + "\r\n\r\n");
}

TEST(ChannelsThroughAProxy, CallOverTls) {
  const testing::CertificateAuthority ca("weft test CA");
  const testing::CertificateText certificate = ca.server({.dns = {"localhost"}});
  ServerOptions options;
  options.tls.emplace().certificates = {
      {.certificate = certificate.certificate, .key = certificate.key}};
  Serving<Kinds> serving(options);
  ASSERT_TRUE(serving.started().ok()) << serving.started().to_string();
  HttpProxy proxy;
  ChannelOptions through{.proxy = proxy.url()};
  through.tls.emplace().ca = ca.certificate();
  // The name that the certificate has to prove is the server's, not the proxy's.
  Channel channel("localhost:" + std::to_string(serving.server().port()), through);
  const Result<Text> reply = test::call(channel, std::string(100'000, 'x'), {.timeout = 10s});
  EXPECT_TRUE(reply.ok()) << reply.status().to_string();
}

}  // namespace
}  // namespace weft::rpc
