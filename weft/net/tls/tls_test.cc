#include "weft/net/tls/tls.h"

#include <gtest/gtest.h>

#include "weft/net/tls/internal/test_tls.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::as_option;
using test::Handshake;
using test::must;
using test::read_exactly;
using test::read_some;
using test::read_to_end;
using test::run;
using test::write_all;
using testing::CertificateAuthority;

struct Tls : test::TlsPair {};

Task<Status> exchange(Stream& a, Stream& b) {
  const Status there = co_await write_all(a, "to b");
  EXPECT_EQ(*co_await read_exactly(b, 4), "to b");
  const Status back = co_await write_all(b, "to a");
  EXPECT_EQ(*co_await read_exactly(a, 4), "to a");
  co_return there.ok() ? back : there;
}

Task<Status> end(Stream& a, Stream& b) {
  a.shutdown_write();
  EXPECT_EQ(*co_await read_to_end(b), "");
  const Status still = co_await write_all(b, "still");
  EXPECT_EQ(*co_await read_exactly(a, 5), "still");
  b.shutdown_write();
  EXPECT_EQ(*co_await read_to_end(a), "");
  co_return still;
}

TEST_F(Tls, CarriesBytesBothWaysAndEndsEachWayByItself) {
  Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  ASSERT_EQ(both.server_error(), "ok");
  EXPECT_EQ(run(loop, exchange(both.a(), both.b())).to_string(), "OK");
  EXPECT_EQ(run(loop, end(both.a(), both.b())).to_string(), "OK");
  const Status late = run(loop, write_all(both.a(), "x"));
  EXPECT_EQ(late.to_string(), "UNAVAILABLE: memory:second: broken pipe");
}

TEST_F(Tls, SaysWhatWasAgreedOn) {
  Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  const auto info = both.a().tls();
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->version, "TLSv1.3");
  EXPECT_EQ(info->cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(info->alpn, "h2");
  EXPECT_FALSE(info->resumed);
  ASSERT_EQ(info->chain.size(), 1U);
  EXPECT_EQ(info->identity()->subject, "CN=greeter");
  EXPECT_EQ(info->identity()->issuer, "CN=test CA");
  EXPECT_EQ(info->identity()->dns, std::vector<std::string>{"greeter.test"});
  EXPECT_EQ(info->identity()->fingerprint.size(), 64U);
  const auto server_info = both.b().tls();
  ASSERT_NE(server_info, nullptr);
  EXPECT_EQ(server_info->server_name, "greeter.test");
  EXPECT_EQ(server_info->identity(), nullptr);
}

TEST_F(Tls, WorksWithTls12) {
  client_test.max_version = TLS1_2_VERSION;
  Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  EXPECT_EQ(both.a().tls()->version, "TLSv1.2");
  EXPECT_EQ(both.a().tls()->cipher, "ECDHE-ECDSA-AES128-GCM-SHA256");
  EXPECT_EQ(run(loop, exchange(both.a(), both.b())).to_string(), "OK");
  EXPECT_EQ(run(loop, end(both.a(), both.b())).to_string(), "OK");
}

TEST_F(Tls, KnowsTheClientByItsCertificate) {
  use_client_certificate(ca.client({.common_name = "reader",
                                    .dns = {"reader.test"},
                                    .ips = {"192.0.2.1", "2001:db8::1"},
                                    .uris = {"spiffe://test/reader"},
                                    .email = {"reader@test"}}));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    client_test.max_version = version;
    make_contexts();
    Handshake both = shake_hands();
    ASSERT_EQ(both.server_error(), "ok");
    const CertificateInfo* identity = both.b().tls()->identity();
    ASSERT_NE(identity, nullptr);
    EXPECT_EQ(identity->subject, "CN=reader");
    EXPECT_EQ(identity->spiffe_id(), "spiffe://test/reader");
    EXPECT_EQ(identity->dns, std::vector<std::string>{"reader.test"});
    EXPECT_EQ(identity->email, std::vector<std::string>{"reader@test"});
    EXPECT_EQ(identity->ips, (std::vector<std::string>{"192.0.2.1", "2001:db8::1"}));
  }
}

TEST_F(Tls, LetsAClientWithoutCertificateInWhereItIsOptional) {
  server.client_ca = ca.certificate();
  server.client_certificate = ClientCertificate::Optional;
  Handshake both = shake_hands();
  ASSERT_EQ(both.server_error(), "ok");
  EXPECT_EQ(both.b().tls()->identity(), nullptr);
}

TEST_F(Tls, VerifiesThroughAnIntermediateAuthority) {
  const auto below = ca.intermediate("below");
  server.certificates = {as_option(below->server({.dns = {"greeter.test"}}))};
  Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  ASSERT_EQ(both.a().tls()->chain.size(), 2U);
  EXPECT_EQ(both.a().tls()->chain[1].subject, "CN=below");
}

TEST_F(Tls, TrustsExactlyTheCertificateItIsGiven) {
  const auto pinned = CertificateAuthority::self_signed({.dns = {"greeter.test"}});
  server.certificates = {as_option(pinned)};
  client.ca = pinned.certificate;
  EXPECT_EQ(shake_hands().client_error(), "ok");
}

TEST_F(Tls, AcceptsAnyCertificateIfToldAndLogsItsFault) {
  client.insecure = true;
  client.ca = CertificateAuthority("another").certificate();
  Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  EXPECT_EQ(both.a().tls()->identity(), nullptr);
  EXPECT_EQ(both.a().tls()->verification.message(),
            "memory:second: the server's certificate (CN=greeter) was issued by CN=test CA, which "
            "is not trusted (TlsClientOptions::ca), nor is there a chain to a CA that is");
}

struct NameCase {
  std::vector<std::string> dns;
  std::vector<std::string> ips;
  std::string host;
  bool fits;
};

TEST_F(Tls, ComparesNamesAsTheRfcSays) {
  const std::vector<NameCase> cases = {
      {{"a.test"}, {}, "a.test", true},        {{"a.test"}, {}, "A.Test.", true},
      {{"*.a.test"}, {}, "b.a.test", true},    {{"*.a.test"}, {}, "c.b.a.test", false},
      {{"*.a.test"}, {}, "a.test", false},     {{"b*.a.test"}, {}, "bc.a.test", false},
      {{}, {"192.0.2.1"}, "192.0.2.1", true},  {{}, {"2001:db8::1"}, "[2001:db8::1]", true},
      {{"192.0.2.1"}, {}, "192.0.2.1", false}, {{}, {}, "test", false},
  };
  for (const NameCase& one : cases) {
    // A common name is no name of a server any more (RFC 9110 section 4.3.4).
    server.certificates = {
        as_option(ca.server({.common_name = "test", .dns = one.dns, .ips = one.ips}))};
    make_contexts();
    EXPECT_EQ(shake_hands(one.host).client.ok(), one.fits) << one.host;
  }
}

TEST_F(Tls, VerifiesTheNameFromTheOptions) {
  client.server_name = "greeter.test";
  Handshake both = shake_hands("127.0.0.1");
  ASSERT_EQ(both.client_error(), "ok");
  EXPECT_EQ(both.b().tls()->server_name, "greeter.test");
}

TEST_F(Tls, ShowsTheCertificateOfTheNameAskedFor) {
  server.certificates.push_back(as_option(ca.server({.dns = {"*.two.test"}})));
  server.certificates.push_back(as_option(ca.server({.dns = {"exact.two.test"}})));
  client.insecure = true;
  const auto shown = [&](const std::string& host) {
    Handshake both = shake_hands(host);
    return both.client.ok() ? both.a().tls()->chain.at(0).dns : std::vector<std::string>{};
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(shown("greeter.test"), Names{"greeter.test"});
  EXPECT_EQ(shown("any.two.test"), Names{"*.two.test"});
  EXPECT_EQ(shown("EXACT.two.test"), Names{"exact.two.test"});
  EXPECT_EQ(shown("unknown.test"), Names{"greeter.test"});
  EXPECT_EQ(shown("192.0.2.1"), Names{"greeter.test"});
}

TEST_F(Tls, TakesPlaintextOnTheSamePortWhereAllowed) {
  server.allow_plaintext = true;
  ASSERT_EQ(shake_hands().client_error(), "ok");
  auto [a, b] = memory_pair(loop, loop);
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  ASSERT_TRUE(run(loop, write_all(*a, preface)).ok());
  test::StreamResult accepted = run(loop, server_context->accept(std::move(b)));
  ASSERT_TRUE(accepted.ok());
  EXPECT_EQ((*accepted)->tls(), nullptr);
  EXPECT_EQ(*run(loop, read_exactly(**accepted, 3)), "PRI");
  EXPECT_EQ(*run(loop, read_exactly(**accepted, preface.size() - 3)), preface.substr(3));
  EXPECT_TRUE(run(loop, exchange(*a, **accepted)).ok());
}

}  // namespace
}  // namespace weft::net
