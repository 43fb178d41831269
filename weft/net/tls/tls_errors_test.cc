// Each way a handshake can fail has its own text, on both sides.

#include <array>

#include <gtest/gtest.h>

#include "weft/net/tls/internal/test_tls.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::as_option;
using test::Handshake;
using test::must;
using test::read_some;
using test::read_to_end;
using test::run;
using test::StreamResult;
using test::write_all;
using testing::CertificateAuthority;
using testing::CertificateText;

struct TlsErrors : test::TlsPair {
  void expect(const std::string& client_says, const std::string& server_says,
              const std::string& host = "greeter.test") {
    make_contexts();
    const Handshake both = shake_hands(host);
    EXPECT_EQ(both.client_error(), client_says.empty() ? "ok" : "memory:second: " + client_says);
    EXPECT_EQ(both.server_error(), server_says.empty() ? "ok" : "memory:first: " + server_says);
  }
  /// What a client reads after a handshake that only it takes for complete (TLS 1.3).
  void expect_refusal_on_read(const std::string& client_says, const std::string& server_says) {
    make_contexts();
    Handshake both = shake_hands();
    ASSERT_EQ(both.client_error(), "ok");
    EXPECT_EQ(both.server_error(), "memory:first: " + server_says);
    const Result<std::string> read = run(loop, read_some(both.a()));
    EXPECT_EQ(read.status().message(), "memory:second: " + client_says);
    // Said again to whoever asks again, also to who writes.
    EXPECT_EQ(run(loop, write_all(both.a(), "x")).message(), "memory:second: " + client_says);
  }
  std::string without_dates(std::string text) {
    for (std::size_t at = 0; (at = text.find(" UTC", at)) != std::string::npos;) {
      text.replace(at - 19, 23, "DATE");
    }
    return text;
  }
};

TEST_F(TlsErrors, OfAnExpiredCertificate) {
  server.certificates = {as_option(ca.server(
      {.common_name = "old", .dns = {"greeter.test"}, .valid_from = -48h, .valid_until = -24h}))};
  const test::LogLines log;
  const Handshake both = shake_hands();
  EXPECT_EQ(without_dates(both.client_error()),
            "memory:second: the server's certificate (CN=old) expired on DATE");
  EXPECT_EQ(both.server_error(),
            "memory:first: the client refused this server's certificate: it is expired (alert "
            "\"certificate expired\")");
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_EQ(without_dates(log.lines[0]),
            "! tls: certificate: the certificate CN=old expired on DATE");
}

TEST_F(TlsErrors, OfACertificateThatIsNotYetValid) {
  server.certificates = {
      as_option(ca.server({.common_name = "new", .dns = {"greeter.test"}, .valid_from = 24h}))};
  const Handshake both = shake_hands();
  EXPECT_EQ(without_dates(both.client_error()),
            "memory:second: the server's certificate (CN=new) is valid only from DATE; is a clock "
            "wrong?");
  EXPECT_EQ(both.server_error(),
            "memory:first: the client refused this server's certificate: it is broken, not yet "
            "valid, or for another name (alert \"bad certificate\")");
}

TEST_F(TlsErrors, OfAnUnknownIssuer) {
  client.ca = CertificateAuthority("another CA").certificate();
  expect(
      "the server's certificate (CN=greeter) was issued by CN=test CA, which is not trusted "
      "(TlsClientOptions::ca), nor is there a chain to a CA that is",
      "the client refused this server's certificate: it comes from a CA that is not trusted there "
      "(alert \"unknown CA\")");
}

TEST_F(TlsErrors, OfASelfSignedCertificate) {
  server.certificates = {
      as_option(CertificateAuthority::self_signed({.common_name = "me", .dns = {"greeter.test"}}))};
  expect(
      "the server's certificate (CN=me) is self-signed and not itself trusted "
      "(TlsClientOptions::ca)",
      "the client refused this server's certificate: it comes from a CA that is not trusted there "
      "(alert \"unknown CA\")");
}

TEST_F(TlsErrors, OfARootThatIsShownButNotTrusted) {
  CertificateText text = ca.server({.common_name = "greeter", .dns = {"greeter.test"}});
  text.certificate += ca.certificate();
  server.certificates = {as_option(text)};
  client.ca = CertificateAuthority("another CA").certificate();
  expect(
      "the server's certificate (CN=greeter) comes from a CA that is not trusted, CN=test CA "
      "(TlsClientOptions::ca)",
      "the client refused this server's certificate: it comes from a CA that is not trusted there "
      "(alert \"unknown CA\")");
}

TEST_F(TlsErrors, OfAWrongName) {
  server.certificates = {
      as_option(ca.server({.dns = {"a.test", "*.b.test"}, .ips = {"192.0.2.1"}}))};
  expect(
      "the server's certificate is not for \"other.test\" but for a.test, *.b.test, 192.0.2.1 "
      "(TlsClientOptions::server_name)",
      "the client refused this server's certificate: it is broken, not yet valid, or for another "
      "name (alert \"bad certificate\")",
      "other.test");
  server.certificates = {as_option(ca.server({.common_name = "other.test"}))};
  expect(
      "the server's certificate is not for \"other.test\" but has no name at all; a common name "
      "does not count (TlsClientOptions::server_name)",
      "the client refused this server's certificate: it is broken, not yet valid, or for another "
      "name (alert \"bad certificate\")",
      "other.test");
  server.certificates = {as_option(ca.server({.ips = {"192.0.2.1"}}))};
  expect(
      "the server's certificate is not for \"192.0.2.9\" but for 192.0.2.1 "
      "(TlsClientOptions::server_name)",
      "the client refused this server's certificate: it is broken, not yet valid, or for another "
      "name (alert \"bad certificate\")",
      "192.0.2.9");
}

TEST_F(TlsErrors, OfACertificateForAnotherUse) {
  server.certificates = {as_option(ca.client({.common_name = "reader", .dns = {"greeter.test"}}))};
  expect("the server's certificate (CN=reader) is not for use as a server's (extended key usage)",
         "the client refused this server's certificate: it is of a kind that is not supported "
         "there, or for another purpose (alert \"unsupported certificate\")");
}

TEST_F(TlsErrors, OfNoNameToLookFor) {
  expect("no name to look for in the server's certificate; set TlsClientOptions::server_name",
         "the client closed the connection, having sent nothing, while the client's TLS hello was "
         "awaited",
         "");
}

TEST_F(TlsErrors, OfAMissingClientCertificate) {
  server.client_ca = ca.certificate();
  server.client_certificate = ClientCertificate::Required;
  expect_refusal_on_read(
      "the server requires a client certificate (TlsClientOptions::certificate, key) (alert "
      "\"certificate required\")",
      "the client sent no certificate, which is required (TlsServerOptions::client_certificate)");
  client_test.max_version = TLS1_2_VERSION;
  expect(
      "the server requires a client certificate (TlsClientOptions::certificate, key) (alert "
      "\"handshake failure\")",
      "the client sent no certificate, which is required (TlsServerOptions::client_certificate)");
}

TEST_F(TlsErrors, OfAClientCertificateThatIsNotTrusted) {
  use_client_certificate(CertificateAuthority("another CA").client({.common_name = "reader"}));
  expect_refusal_on_read(
      "the server refused this client's certificate: it comes from a CA that is not trusted there "
      "(alert \"unknown CA\")",
      "the client's certificate (CN=reader) was issued by CN=another CA, which is not trusted "
      "(TlsServerOptions::client_ca), nor is there a chain to a CA that is");
  client_test.max_version = TLS1_2_VERSION;
  expect(
      "the server refused this client's certificate: it comes from a CA that is not trusted there "
      "(alert \"unknown CA\")",
      "the client's certificate (CN=reader) was issued by CN=another CA, which is not trusted "
      "(TlsServerOptions::client_ca), nor is there a chain to a CA that is");
}

TEST_F(TlsErrors, OfAClientCertificateThatIsExpired) {
  const test::LogLines log;
  use_client_certificate(
      ca.client({.common_name = "reader", .valid_from = -48h, .valid_until = -24h}));
  make_contexts();
  Handshake both = shake_hands();
  ASSERT_EQ(both.client_error(), "ok");
  EXPECT_EQ(without_dates(both.server_error()),
            "memory:first: the client's certificate (CN=reader) expired on DATE");
  EXPECT_EQ(run(loop, read_some(both.a())).status().message(),
            "memory:second: the server refused this client's certificate: it is expired (alert "
            "\"certificate expired\")");
}

TEST_F(TlsErrors, OfNoCommonVersion) {
  server.min_version = TlsVersion::Tls13;
  client_test.max_version = TLS1_2_VERSION;
  expect(
      "the server takes none of the TLS versions offered, TLSv1.2 and later "
      "(TlsClientOptions::min_version) (alert \"protocol version\")",
      "no common TLS version: TLSv1.3 and later are taken here (TlsServerOptions::min_version), of "
      "which the client has none");
  server.min_version = TlsVersion::Tls12;
  client_test.max_version = 0;
  client.min_version = TlsVersion::Tls13;
  server_test.max_version = TLS1_2_VERSION;
  expect(
      "the server takes none of the TLS versions offered, TLSv1.3 and later "
      "(TlsClientOptions::min_version) (alert \"protocol version\")",
      "no common TLS version: TLSv1.2 and later are taken here (TlsServerOptions::min_version), of "
      "which the client has none");
}

TEST_F(TlsErrors, OfNoCommonCipher) {
  client_test.max_version = TLS1_2_VERSION;
  client.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  expect(
      "the server found no cipher, group or signature algorithm in common "
      "(TlsClientOptions::ciphers, ciphersuites) (alert \"handshake failure\")",
      "no cipher in common with the client (TlsServerOptions::ciphers, ciphersuites)");
  client.ciphers = "";
  client_test.max_version = 0;
  client.min_version = TlsVersion::Tls13;
  server.ciphersuites = "TLS_AES_128_GCM_SHA256";
  client.ciphersuites = "TLS_AES_256_GCM_SHA384";
  expect(
      "the server found no cipher, group or signature algorithm in common "
      "(TlsClientOptions::ciphers, ciphersuites) (alert \"handshake failure\")",
      "no cipher in common with the client (TlsServerOptions::ciphers, ciphersuites)");
}

/// A peer by OpenSSL alone, of which the ALPN can be anything.
internal::Owned<SSL_CTX> bare_context(const SSL_METHOD* method) {
  internal::Owned<SSL_CTX> context(SSL_CTX_new(method));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  return context;
}

Task<Status> shake_bare(Loop& loop, SSL_CTX* context, std::unique_ptr<Stream> stream, bool client) {
  auto pipe = std::make_unique<internal::TlsPipe>(std::move(stream));
  auto notes = std::make_unique<internal::TlsNotes>();
  notes->role = client ? internal::TlsRole::Client : internal::TlsRole::Server;
  notes->peer = "bare";
  internal::Owned<SSL> ssl = internal::make_ssl(context, *pipe);
  client ? SSL_set_connect_state(ssl.get()) : SSL_set_accept_state(ssl.get());
  internal::TlsStream made(loop, std::move(pipe), std::move(notes), std::move(ssl));
  co_return co_await internal::run_handshake(loop, made);
}

Task<Status> accept_bare(TlsServerContext& server, SSL_CTX* context, std::unique_ptr<Stream> a,
                         std::unique_ptr<Stream> b, Status* client) {
  test::Beside<Status> connecting(shake_bare(*Loop::current(), context, std::move(a), true));
  const StreamResult accepted = co_await server.accept(std::move(b));
  *client = co_await connecting.result();
  co_return accepted.status();
}

TEST_F(TlsErrors, OfAClientWithoutAlpn) {
  make_contexts();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = bare_context(TLS_client_method());
    SSL_CTX_set_max_proto_version(context.get(), version);
    auto [a, b] = memory_pair(loop, loop);
    Status client_says;
    const Status server_says = run(loop, accept_bare(*server_context, context.get(), std::move(a),
                                                     std::move(b), &client_says));
    EXPECT_EQ(server_says.message(),
              "memory:first: the client offered no ALPN; HTTP/2 over TLS needs \"h2\"");
    EXPECT_EQ(client_says.message(),
              "bare: the server does not speak HTTP/2 over TLS: it refused ALPN \"h2\" (alert \"no "
              "application protocol\")");
  }
}

TEST_F(TlsErrors, OfAClientWithoutH2) {
  make_contexts();
  const auto context = bare_context(TLS_client_method());
  const unsigned char protocols[] = "\x08http/1.1\x06spdy\n3";
  SSL_CTX_set_alpn_protos(context.get(), protocols, sizeof(protocols) - 1);
  auto [a, b] = memory_pair(loop, loop);
  Status client_says;
  const Status server_says = run(
      loop, accept_bare(*server_context, context.get(), std::move(a), std::move(b), &client_says));
  EXPECT_EQ(server_says.message(),
            "memory:first: the client's ALPN has no \"h2\", only \"http/1.1\", \"spdy\\x0a3\"");
  EXPECT_EQ(client_says.message(),
            "bare: the server does not speak HTTP/2 over TLS: it refused ALPN \"h2\" (alert \"no "
            "application protocol\")");
}

Task<Status> connect_bare(TlsClientContext& client, SSL_CTX* context, std::unique_ptr<Stream> a,
                          std::unique_ptr<Stream> b) {
  test::Beside<Status> accepting(shake_bare(*Loop::current(), context, std::move(b), false));
  const StreamResult connected = co_await client.connect(std::move(a), "greeter.test");
  (void)co_await accepting.result();
  co_return connected.status();
}

TEST_F(TlsErrors, OfAServerWithoutAlpnOrWithAnotherProtocol) {
  client.insecure = true;
  make_contexts();
  const auto context = bare_context(TLS_server_method());
  const auto pair =
      internal::load_key_pair(server.certificates[0].certificate, server.certificates[0].key);
  SSL_CTX_use_cert_and_key(context.get(), pair->certificate.get(), pair->key.get(), nullptr, 1);
  auto [a, b] = memory_pair(loop, loop);
  EXPECT_EQ(
      run(loop, connect_bare(*client_context, context.get(), std::move(a), std::move(b))).message(),
      "memory:second: the server agreed to no protocol by ALPN; it has to select \"h2\" for HTTP/2 "
      "over TLS");
  SSL_CTX_set_alpn_select_cb(
      context.get(),
      [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned,
         void*) {
        *out = reinterpret_cast<const unsigned char*>("http/1.1");
        *size = 8;
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  auto [c, d] = memory_pair(loop, loop);
  EXPECT_EQ(
      run(loop, connect_bare(*client_context, context.get(), std::move(c), std::move(d))).message(),
      "memory:second: the server's hello has an extension out of place; a protocol by ALPN that "
      "was not offered is one");
}

TEST_F(TlsErrors, DoNotIncludeAServerWithoutAlpnForHttp1) {
  const auto context = bare_context(TLS_server_method());
  const auto pair =
      internal::load_key_pair(server.certificates[0].certificate, server.certificates[0].key);
  SSL_CTX_use_cert_and_key(context.get(), pair->certificate.get(), pair->key.get(), nullptr, 1);
  for (const std::string protocol : {"http/1.1", "other"}) {
    client.alpn = {protocol};
    make_contexts();
    auto [a, b] = memory_pair(loop, loop);
    const Status status =
        run(loop, connect_bare(*client_context, context.get(), std::move(a), std::move(b)));
    EXPECT_EQ(status.ok(), protocol == "http/1.1") << status;
  }
}

/// What a server says of these bytes, and what it answers.
Task<std::pair<std::string, std::string>> accept_bytes(TlsServerContext& server, Loop& loop,
                                                       std::string bytes) {
  auto [a, b] = memory_pair(loop, loop);
  const Status written = co_await write_all(*a, std::move(bytes));
  EXPECT_TRUE(written.ok());
  const StreamResult accepted = co_await server.accept(std::move(b));
  Result<std::string> answer = co_await read_to_end(*a);
  co_return std::pair(std::string(accepted.status().message()), answer.ok() ? *answer : "");
}

TEST_F(TlsErrors, OfPlaintextOnAPortForTls) {
  make_contexts();
  const auto [http2, answer] =
      run(loop, accept_bytes(*server_context, loop, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  EXPECT_EQ(http2,
            "memory:first: the client speaks plaintext HTTP/2 on a port for TLS "
            "(TlsServerOptions::allow_plaintext)");
  EXPECT_EQ(answer,
            std::string("\0\0\0\x04\0\0\0\0\0\0\0\x1c\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0c", 26) +
                "this port speaks TLS");
  const auto [http1, page] =
      run(loop, accept_bytes(*server_context, loop, "GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(http1,
            "memory:first: the client speaks plaintext HTTP/1 on a port for TLS: it began with "
            "\"GET / HTTP/1.1\\x0d\\x0a\"");
  EXPECT_TRUE(page.starts_with("HTTP/1.1 400 ")) << page;
  EXPECT_TRUE(page.ends_with("\r\n\r\nthis port speaks TLS\n")) << page;
  const auto [garbage, none] = run(loop, accept_bytes(*server_context, loop, "\x01\xff what?"));
  EXPECT_EQ(garbage,
            "memory:first: the client sent what is not TLS: it began with \"\\x01\\xff what?\"");
  EXPECT_EQ(none, "");
}

/// What a client says of a server that answers with these bytes, and then ends.
Task<std::string> connect_bytes(TlsClientContext& client, Loop& loop, std::string bytes) {
  auto [a, b] = memory_pair(loop, loop);
  const Status written = co_await write_all(*b, std::move(bytes));
  EXPECT_TRUE(written.ok());
  b->shutdown_write();
  const StreamResult connected = co_await client.connect(std::move(a), "greeter.test");
  co_return std::string(connected.status().message());
}

TEST_F(TlsErrors, OfTlsOnAPortForPlaintext) {
  make_contexts();
  const auto says = [&](std::string bytes) {
    return run(loop, connect_bytes(*client_context, loop, std::move(bytes)));
  };
  EXPECT_EQ(says(std::string("\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64", 15)),
            "memory:second: the server speaks plaintext HTTP/2 on this port, not TLS, which the "
            "client's ChannelOptions::tls asks for");
  EXPECT_EQ(says("HTTP/1.1 400 Bad Request\r\n\r\n"),
            "memory:second: the server speaks plaintext HTTP/1 on this port, not TLS");
  EXPECT_EQ(says("220 mail.test ESMTP\r\n"),
            "memory:second: the server's answer is not TLS: it began with \"220 mail.test ES\"");
  EXPECT_EQ(says(""),
            "memory:second: the server closed the connection during the TLS handshake, while the "
            "server's hello was awaited; it sent nothing: does it speak TLS?");
  EXPECT_EQ(says("\x16\x03\x03"),
            "memory:second: the server closed the connection during the TLS handshake, while the "
            "server's hello was awaited");
  EXPECT_EQ(says(std::string("\x16\x03\x03\0\x04garb", 9)),
            "memory:second: TLS: unexpected message");
}

TEST_F(TlsErrors, OfAPeerThatGoesAway) {
  make_contexts();
  const auto says = [&](std::string bytes) {
    auto [a, b] = memory_pair(loop, loop);
    EXPECT_TRUE(run(loop, write_all(*a, std::move(bytes))).ok());
    a.reset();
    return std::string(run(loop, server_context->accept(std::move(b))).status().message());
  };
  EXPECT_EQ(says(""),
            "memory:first: the client closed the connection, having sent nothing, while the "
            "client's TLS hello was awaited");
  EXPECT_EQ(
      says("\x16\x03"),
      "memory:first: the client closed the connection while the client's TLS hello was awaited");
  EXPECT_EQ(says(std::string("\x16\x03\x01\x02\0\x01\0", 7)),
            "memory:first: the client closed the connection during the TLS handshake, while the "
            "client's hello was awaited");
}

}  // namespace
}  // namespace weft::net
