// The client against weft's own server on real sockets, over TLS and through a proxy's tunnel,
// which is weft's own server too.

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/all.h"
#include "weft/http1/client.h"
#include "weft/http1/server/protocol.h"
#include "weft/net/asio_loop.h"
#include "weft/net/socket/stream_io.h"
#include "weft/rpc/http_handler.h"
#include "weft/rpc/server.h"
#include "weft/testing/certificates.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"

namespace weft::http1 {
namespace {

using ::testing::HasSubstr;

/// Answers with the content.
class Echo final : public rpc::HttpHandler {
 public:
  bool takes(const rpc::HttpHead& head) const override { return head.method != "CONNECT"; }
  Task<> serve(rpc::HttpExchange& exchange) override { return echo(exchange); }

 private:
  static Task<> echo(rpc::HttpExchange& exchange) {
    static_cast<void>(exchange.begin(200, {{"content-type", "text/plain"}}));
    for (;;) {
      const std::optional<Message> part = co_await exchange.content().read();
      if (!part) break;
      const bool taken = co_await exchange.response().write(*part);
      if (!taken) co_return;
    }
    static_cast<void>(exchange.end());
  }
};

/// A proxy: takes CONNECT to addresses of this machine, if it is asked with the right password.
class Tunnels final : public rpc::HttpHandler {
 public:
  bool takes(const rpc::HttpHead& head) const override { return head.method == "CONNECT"; }
  Task<> serve(rpc::HttpExchange& exchange) override { return serve(*this, exchange); }
  std::atomic<int> made = 0;

 private:
  static Task<> serve(Tunnels& self, rpc::HttpExchange& exchange) {
    // "user:secret"
    if (exchange.head().field("proxy-authorization") != "Basic dXNlcjpzZWNyZXQ=") {
      static_cast<void>(co_await exchange.respond(407, "text/plain", "who are you?"));
      co_return;
    }
    const Result<net::Address> address =
        net::Address::parse(std::string(exchange.head().authority));
    if (!address.ok()) co_return;
    Result<std::unique_ptr<net::Stream>> far = co_await exchange.loop().connect(*address);
    if (!far.ok()) co_return;
    ++self.made;
    static_cast<void>(exchange.begin(200));
    net::StreamIo io(exchange.loop(), **far);
    co_await all(out(exchange, io, **far), back(exchange, io));
  }
  static Task<> out(rpc::HttpExchange& exchange, net::StreamIo& io, net::Stream& far) {
    for (;;) {
      const std::optional<Message> part = co_await exchange.content().read();
      if (!part) break;
      const Bytes bytes = part->bytes();
      const Status written = co_await io.write(bytes.view());
      if (!written.ok()) break;
    }
    far.shutdown_write();
  }
  static Task<> back(rpc::HttpExchange& exchange, net::StreamIo& io) {
    std::array<char, 16'384> block;
    for (;;) {
      const Result<std::size_t> size = co_await io.read(block);
      if (!size.ok() || *size == 0) break;
      const Message part(Bytes::copy_of({block.data(), *size}));
      const bool taken = co_await exchange.response().write(part);
      if (!taken) co_return;
    }
    static_cast<void>(exchange.end());
  }
};

class OwnServerOverTls : public ::testing::Test {
 protected:
  OwnServerOverTls() {
    const testing::CertificateText certificate = authority.server({.ips = {"127.0.0.1"}});
    ServerOptions options{.listen = "127.0.0.1:0"};
    options.tls = net::TlsServerOptions{
        .certificates = {{.certificate = certificate.certificate, .key = certificate.key}}};
    server = std::make_unique<Server>(std::move(options));
    server->add(protocol());
    server->add(std::make_shared<Echo>());
    proxy.add(protocol());
    proxy.add(tunnels);
    EXPECT_TRUE(server->start().ok());
    EXPECT_TRUE(proxy.start().ok());
    base = "https://127.0.0.1:" + std::to_string(server->port());
    through = "127.0.0.1:" + std::to_string(proxy.port());
  }
  Result<Response> post(const std::string& proxied_by, std::size_t size) {
    ClientOptions options;
    options.tls.ca = authority.certificate();
    options.proxy = proxied_by;
    auto http = std::make_unique<Client>(std::move(options));
    Result<Response> got =
        testing::run(loop, http->post(base + "/", "text/plain", std::string(size, 'x')));
    loop.enter([&http] { http.reset(); });
    return got;
  }

  net::AsioLoop loop;
  const testing::CertificateAuthority authority;
  std::unique_ptr<Server> server;
  Server proxy{{.listen = "127.0.0.1:0"}};
  const std::shared_ptr<Tunnels> tunnels = std::make_shared<Tunnels>();
  std::string base;
  std::string through;
};

TEST_F(OwnServerOverTls, AnswersTheClient) {
  const Result<Response> got = post("", 1'000'000);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->text(), std::string(1'000'000, 'x'));
}

TEST_F(OwnServerOverTls, AnswersTheClientThroughATunnel) {
  const Result<Response> got = post("http://user:secret@" + through, 1'000'000);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->text(), std::string(1'000'000, 'x'));
  EXPECT_EQ(tunnels->made, 1);
}

TEST_F(OwnServerOverTls, IsNotReachedThroughAProxyThatRefuses) {
  const Result<Response> got = post("http://" + through, 10);
  EXPECT_EQ(got.status().code(), StatusCode::Unavailable);
  EXPECT_THAT(got.status().to_string(), HasSubstr("407"));
  EXPECT_EQ(tunnels->made, 0);
}

}  // namespace
}  // namespace weft::http1
