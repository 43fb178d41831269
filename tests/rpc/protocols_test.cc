// Protocols of a user's own on a port with TLS, chosen by ALPN or, without it, by their first
// bytes.

#include <array>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/socket/stream_io.h"
#include "weft/net/tls/tls.h"
#include "weft/rpc/wire_protocol.h"
#include "weft/testing/certificates.h"
#include "weft/testing/run.h"

#include "tests/rpc/echo_service.h"

namespace weft::rpc {
namespace {

using test::Kinds;
using ::testing::HasSubstr;

/// Says what it hears, with its name in front.
class Parrot final : public WireProtocol {
 public:
  static constexpr std::string_view kAlpn[] = {"parrot/1"};
  std::string name() const override { return "the parrot"; }
  std::span<const std::string_view> alpn() const noexcept override { return kAlpn; }
  Match matches(std::string_view bytes) const noexcept override {
    return bytes.starts_with("#") ? Match::Yes : Match::No;
  }
  Task<> serve(WireConnection& connection) override {
    std::array<char, 64> buffer;
    for (;;) {
      const Result<std::size_t> read = co_await connection.read(buffer);
      if (!read.ok() || *read == 0) co_return;
      const std::string answer = "parrot: " + std::string(buffer.data(), *read);
      const Status written = co_await connection.write(answer);
      if (!written.ok()) co_return;
    }
  }
};

class TlsProtocols : public ::testing::Test {
 protected:
  TlsProtocols() : server_(options()) {
    server_.add<Kinds>();
    server_.add(std::make_shared<Parrot>());
  }
  ServerOptions options() {
    const testing::CertificateText text = authority_.server({.dns = {"localhost"}});
    ServerOptions options{.listen = "127.0.0.1:0", .tls = TlsServerOptions{}};
    options.tls->certificates = {{.certificate = text.certificate, .key = text.key}};
    return options;
  }
  TlsClientOptions client(std::vector<std::string> alpn) {
    return {.ca = authority_.certificate(), .server_name = "localhost", .alpn = std::move(alpn)};
  }
  static Task<std::string> talk(net::Loop& loop, std::uint16_t port, TlsClientOptions options,
                                std::string text) {
    auto context = net::TlsClientContext::create(std::move(options));
    if (!context.ok()) co_return context.status().to_string();
    auto stream = co_await loop.connect(*net::Address::ip("127.0.0.1", port));
    if (!stream.ok()) co_return stream.status().to_string();
    auto secure = co_await (*context)->connect(std::move(*stream), "localhost");
    if (!secure.ok()) co_return secure.status().to_string();
    net::StreamIo io(loop, **secure);
    const Status written = co_await io.write(text);
    if (!written.ok()) co_return written.to_string();
    std::array<char, 64> buffer;
    const Result<std::size_t> read = co_await io.read(buffer);
    co_return read.ok() ? std::string(buffer.data(), *read) : read.status().to_string();
  }
  std::string talk(TlsClientOptions options, std::string text) {
    net::AsioLoop loop;
    return testing::run(loop, talk(loop, server_.port(), std::move(options), std::move(text)));
  }
  testing::CertificateAuthority authority_;
  Server server_;
};

TEST_F(TlsProtocols, AreChosenByAlpnWhateverTheFirstBytes) {
  ASSERT_TRUE(server_.start().ok());
  EXPECT_EQ(talk(client({"parrot/1"}), "hello"), "parrot: hello");
  EXPECT_EQ(talk(client({"other", "parrot/1"}), "hello"), "parrot: hello");
  Channel channel(
      "127.0.0.1:" + std::to_string(server_.port()),
      {.tls = TlsClientOptions{.ca = authority_.certificate(), .server_name = "localhost"}});
  EXPECT_TRUE(test::call(channel, "x", {.timeout = std::chrono::seconds(20)}).ok());
}

TEST_F(TlsProtocols, OfNamesThatNobodyHasAreRefused) {
  ASSERT_TRUE(server_.start().ok());
  EXPECT_THAT(talk(client({"other"}), "hello"), HasSubstr("ALPN"));
}

TEST_F(TlsProtocols, NeedNamesOfOneTo255Bytes) {
  EXPECT_THAT(talk(client({std::string(256, 'x')}), "hello"),
              HasSubstr("TlsClientOptions::alpn: a protocol's name has 256 bytes, not 1 to 255"));
}

}  // namespace
}  // namespace weft::rpc
