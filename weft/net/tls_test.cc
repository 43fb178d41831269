#include "weft/net/tls.h"

#include <gtest/gtest.h>

#include "weft/net/internal/test_tls.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using internal::make_client_context;
using internal::make_server_context;
using internal::TlsTestSettings;
using test::Handshake;
using test::must;
using test::read_exactly;
using test::read_to_end;
using test::run;
using test::shake;
using test::write_all;
using testing::CertificateAuthority;
using testing::CertificateOptions;
using testing::CertificateText;

TlsCertificate as_option(const CertificateText& text) {
  return {.certificate = text.certificate, .key = text.key};
}

/// A server and a client that trust each other, to be changed by each test.
struct Tls : ::testing::TestWithParam<int> {
  Tls() {
    server.certificates = {
        as_option(ca.server({.common_name = "greeter", .dns = {"greeter.test"}}))};
    client.ca = ca.certificate();
  }
  Handshake shake_hands(std::string host = "greeter.test") {
    const auto server_context = must(make_server_context(server, {.max_version = server_max}));
    const auto client_context = must(make_client_context(client, {.max_version = client_max}));
    if (server_context == nullptr || client_context == nullptr) return {};
    auto [a, b] = memory_pair(loop, loop);
    return run(
        loop, shake(*client_context, *server_context, std::move(a), std::move(b), std::move(host)));
  }
  AsioLoop loop;
  CertificateAuthority ca;
  TlsServerOptions server;
  TlsClientOptions client;
  int server_max = 0;
  int client_max = 0;
};

Task<Status> exchange(Stream& a, Stream& b) {
  const Status there = co_await write_all(a, "to b");
  EXPECT_EQ(*co_await read_exactly(b, 4), "to b");
  const Status back = co_await write_all(b, "to a");
  EXPECT_EQ(*co_await read_exactly(a, 4), "to a");
  a.shutdown_write();
  EXPECT_EQ(*co_await read_to_end(b), "");
  b.shutdown_write();
  EXPECT_EQ(*co_await read_to_end(a), "");
  co_return there.ok() ? back : there;
}

TEST_F(Tls, CarriesBytesBothWays) {
  Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  ASSERT_EQ(both.server_error(), "ok");
  EXPECT_EQ(run(loop, exchange(**both.client, **both.server)).to_string(), "OK");
  const auto info = both.client->get()->tls();
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->version, "TLSv1.3");
  EXPECT_EQ(info->alpn, "h2");
  ASSERT_EQ(info->chain.size(), 1U);
  EXPECT_EQ(info->identity()->subject, "CN=greeter");
  EXPECT_EQ(both.server->get()->tls()->server_name, "greeter.test");
  EXPECT_EQ(both.server->get()->tls()->identity(), nullptr);
}

TEST_F(Tls, RefusesAnUnknownIssuer) {
  client.ca = CertificateAuthority("another CA").certificate();
  const Handshake both = shake_hands();
  EXPECT_EQ(both.client_error(),
            "UNAVAILABLE: memory:second: the server's certificate (CN=greeter) was issued by "
            "CN=test CA, which is not trusted (TlsClientOptions::ca), nor is there a chain to a CA "
            "that is");
  EXPECT_EQ(both.server_error(),
            "UNAVAILABLE: memory:first: the client refused this server's certificate: it comes "
            "from a CA that is not trusted there (alert \"unknown CA\")");
}

TEST_F(Tls, RefusesAWrongName) {
  const Handshake both = shake_hands("other.test");
  EXPECT_EQ(
      both.client_error(),
      "UNAVAILABLE: memory:second: the server's certificate is not for \"other.test\" but for "
      "greeter.test (the name asked for is TlsClientOptions::server_name, else the target's "
      "host)");
  EXPECT_EQ(both.server_error(),
            "UNAVAILABLE: memory:first: the client refused this server's certificate: it is broken "
            "or has the wrong name (alert \"bad certificate\")");
}

}  // namespace
}  // namespace weft::net
