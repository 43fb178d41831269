// Whose sessions a server resumes: OpenSSL's own client offers one host's session to another.

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "weft/net/tls/internal/test_tls.h"
#include "weft/testing/folder.h"

namespace weft::net {
namespace {

using internal::Owned;
using test::as_option;
using test::Beside;
using test::read_some;
using test::run;
using test::StreamResult;
using test::write_all;
using testing::CertificateAuthority;
using testing::Folder;

/// A client that offers whatever session it is told to, under any name.
class RawClient {
 public:
  explicit RawClient(int version) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_set_session_cache_mode(context_.get(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
      static_cast<RawClient*>(SSL_get_app_data(ssl))->session_.reset(session);
      return 1;
    });
    const unsigned char alpn[] = "\x02h2";
    SSL_CTX_set_alpn_protos(context_.get(), alpn, 3);
  }
  void use_certificate(const testing::CertificateText& text) {
    const Owned<BIO> certificate(BIO_new_mem_buf(text.certificate.data(), -1));
    const Owned<BIO> key(BIO_new_mem_buf(text.key.data(), -1));
    const Owned<X509> x509(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
    const Owned<EVP_PKEY> pkey(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(context_.get(), x509.get());
    SSL_CTX_use_PrivateKey(context_.get(), pkey.get());
  }
  /// TLS 1.2 by session id only.
  void use_no_tickets() { SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET); }

  /// A handshake for `name` (empty: without SNI) that offers the last session, and reads what comes
  /// until there is another. Whether it was resumed; nothing when it failed.
  Task<std::optional<bool>> connect(std::unique_ptr<Stream> stream, std::string name) {
    Owned<SSL> ssl(SSL_new(context_.get()));
    SSL_set_app_data(ssl.get(), this);
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (!name.empty()) SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    if (session_ != nullptr) SSL_set_session(ssl.get(), session_.get());
    SSL_set_connect_state(ssl.get());
    while (true) {
      char byte = 0;
      const int done = SSL_read(ssl.get(), &byte, 1);
      const int error = SSL_get_error(ssl.get(), done);
      const Status sent = co_await write_all(*stream, take_output(ssl.get()));
      if (done == 1) {
        // Or OpenSSL takes the session for broken, and offers it no more.
        SSL_set_shutdown(ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        co_return SSL_session_reused(ssl.get()) == 1;
      }
      if (error != SSL_ERROR_WANT_READ || !sent.ok()) co_return std::nullopt;
      const Result<std::string> read = co_await read_some(*stream);
      if (!read.ok() || read->empty()) co_return std::nullopt;
      BIO_write(SSL_get_rbio(ssl.get()), read->data(), static_cast<int>(read->size()));
    }
  }
  Owned<SSL_SESSION> take_session() { return std::move(session_); }
  /// Offers `session` next time; the caller keeps it.
  void offer(SSL_SESSION& session) {
    SSL_SESSION_up_ref(&session);
    session_.reset(&session);
  }

 private:
  static std::string take_output(SSL* ssl) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl), &data);
    std::string text(data, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(SSL_get_wbio(ssl)));
    return text;
  }

  Owned<SSL_CTX> context_;
  Owned<SSL_SESSION> session_;
};

/// Accepts a connection and sends a byte, behind the tickets.
Task<Status> serve(std::shared_ptr<TlsServerContext> context, std::unique_ptr<Stream> stream) {
  StreamResult accepted = co_await context->accept(std::move(stream));
  if (!accepted.ok()) co_return accepted.status();
  co_return co_await write_all(**accepted, "x");
}

enum class Connected : std::uint8_t { Resumed, Anew, Refused };
void PrintTo(Connected connected, std::ostream* out) {
  constexpr const char* kNames[] = {"resumed", "anew", "refused"};
  *out << kNames[static_cast<std::size_t>(connected)];
}

class TlsSessions : public test::TlsPair, public ::testing::WithParamInterface<int> {
 protected:
  TlsSessions() {
    server.certificates = {as_option(ca.server({.common_name = "a", .dns = {"a.test"}})),
                           as_option(ca.server({.common_name = "b", .dns = {"b.test"}})),
                           as_option(ca.server({.common_name = "w", .dns = {"*.wild.test"}}))};
  }
  Connected connect(const std::string& name) { return connect(client, name); }
  Connected connect(RawClient& from, const std::string& name) {
    if (server_context == nullptr)
      server_context = test::must(internal::make_server_context(server, {}));
    auto [a, b] = memory_pair(loop, loop);
    const std::optional<bool> resumed = run(
        loop,
        [](RawClient& raw, std::shared_ptr<TlsServerContext> context, std::unique_ptr<Stream> near,
           std::unique_ptr<Stream> far, std::string host) -> Task<std::optional<bool>> {
          Beside<Status> serving(serve(std::move(context), std::move(far)));
          const std::optional<bool> outcome =
              co_await raw.connect(std::move(near), std::move(host));
          static_cast<void>(co_await serving.result());
          co_return outcome;
        }(from, server_context, std::move(a), std::move(b), name));
    if (!resumed) return Connected::Refused;
    return *resumed ? Connected::Resumed : Connected::Anew;
  }
  /// A session of `name`.
  Owned<SSL_SESSION> session_of(const std::string& name) {
    EXPECT_EQ(connect(name), Connected::Anew);
    Owned<SSL_SESSION> session = client.take_session();
    EXPECT_NE(session, nullptr);
    return session;
  }

  RawClient client{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsSessions, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& info) {
                           return info.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_P(TlsSessions, AreResumedUnderTheirOwnName) {
  for (const char* name : {"a.test", "b.test", "x.wild.test", "unknown.test", ""}) {
    const Owned<SSL_SESSION> session = session_of(name);
    client.offer(*session);
    EXPECT_EQ(connect(name), Connected::Resumed) << name;
    client.take_session();
  }
}

TEST_P(TlsSessions, AreNotResumedUnderAnotherName) {
  const std::string names[] = {"a.test",      "b.test",       "x.wild.test",
                               "y.wild.test", "unknown.test", ""};
  for (const std::string& from : names) {
    const Owned<SSL_SESSION> session = session_of(from);
    for (const std::string& to : names) {
      if (from == to) continue;
      client.offer(*session);
      EXPECT_EQ(connect(to), Connected::Anew) << from << " at " << to;
    }
    client.take_session();
  }
}

TEST_P(TlsSessions, AreForANameInUpperAndLowerCase) {
  const Owned<SSL_SESSION> session = session_of("a.test");
  client.offer(*session);
  EXPECT_EQ(connect("A.Test"), Connected::Resumed);
}

TEST_P(TlsSessions, AreNotKeptByIdOnTheServer) {
  if (GetParam() != TLS1_2_VERSION) GTEST_SKIP() << "TLS 1.3 has no ids";
  client.use_no_tickets();
  EXPECT_EQ(connect("a.test"), Connected::Anew);
  EXPECT_EQ(connect("a.test"), Connected::Anew);
  EXPECT_EQ(connect("b.test"), Connected::Anew);
}

TEST_P(TlsSessions, SurviveAReloadThatChangesNothingAboutClients) {
  const Owned<SSL_SESSION> session = session_of("a.test");
  ASSERT_TRUE(server_context->reload().ok());
  client.offer(*session);
  EXPECT_EQ(connect("b.test"), Connected::Anew);
  client.offer(*session);
  EXPECT_EQ(connect("a.test"), Connected::Resumed);
}

TEST_P(TlsSessions, DoNotCarryAnIdentityThatAChangedAuthorityRefuses) {
  const Folder folder;
  const CertificateAuthority clients("clients");
  const CertificateAuthority others("others");
  server.client_certificate = ClientCertificate::Required;
  server.client_ca = folder.write("ca.pem", clients.certificate());
  client.use_certificate(clients.client({.common_name = "reader"}));
  const Owned<SSL_SESSION> session = session_of("a.test");
  client.offer(*session);
  EXPECT_EQ(connect("a.test"), Connected::Resumed);
  folder.write("ca.pem", others.certificate());
  ASSERT_TRUE(server_context->reload().ok());
  client.offer(*session);
  EXPECT_EQ(connect("a.test"), Connected::Refused);
}

TEST_P(TlsSessions, OfOneServerAreNotResumedByAnother) {
  const Owned<SSL_SESSION> session = session_of("a.test");
  server_context = test::must(internal::make_server_context(server, {}));
  client.offer(*session);
  EXPECT_EQ(connect("a.test"), Connected::Anew);
}

}  // namespace
}  // namespace weft::net
