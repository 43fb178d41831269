// Channels that speak Connect and gRPC-Web over TLS, to weft's own server on a socket.

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/edge/client/client_transport.h"
#include "weft/edge/edge.h"
#include "weft/edge/internal/test_edge.h"
#include "weft/http1/server/protocol.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/server.h"
#include "weft/testing/certificates.h"
#include "weft/testing/run.h"

namespace weft::edge {
namespace {

using test::kMethods;
using test::Note;
using test::note;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A server, and what it saw of the calls' connections.
class SecureServer {
 public:
  enum class Http1 { Spoken, Missing };

  explicit SecureServer(net::TlsServerOptions tls, Http1 http1 = Http1::Spoken)
      : server_(options(std::move(tls))) {
    server_.add<test::Notes>();
    server_.add(protocols());
    if (http1 == Http1::Spoken) server_.add(http1::protocol());
    server_.use([this](Call& call, Next next) {
      const std::lock_guard lock(mutex_);
      const net::TlsInfo* const tls = call.peer() == nullptr ? nullptr : call.peer()->tls.get();
      alpn_.push_back(tls == nullptr ? "plaintext" : tls->alpn);
      names_.push_back(tls == nullptr ? "" : tls->server_name);
      return next(call);
    });
    EXPECT_TRUE(server_.start().ok());
  }

  std::string port() const { return std::to_string(server_.port()); }
  std::vector<std::string> alpn() {
    const std::lock_guard lock(mutex_);
    return alpn_;
  }
  std::vector<std::string> names() {
    const std::lock_guard lock(mutex_);
    return names_;
  }

 private:
  static ServerOptions options(net::TlsServerOptions tls) {
    ServerOptions options{.listen = "127.0.0.1:0"};
    options.tls = std::move(tls);
    return options;
  }

  std::mutex mutex_;
  std::vector<std::string> alpn_;
  std::vector<std::string> names_;
  Server server_;
};

class EdgeClientTls : public ::testing::TestWithParam<std::string> {
 protected:
  net::TlsServerOptions certificate(std::vector<std::string> dns = {"localhost"}) const {
    const testing::CertificateText text =
        authority_.server({.dns = std::move(dns), .ips = {"127.0.0.1"}});
    return {.certificates = {{.certificate = text.certificate, .key = text.key}}};
  }
  /// A channel that trusts the authority.
  ChannelOptions trusting() const {
    ChannelOptions options;
    options.tls = net::TlsClientOptions{.ca = authority_.certificate()};
    return options;
  }
  std::string target(SecureServer& server, const std::string& scheme = "https") const {
    return GetParam() + scheme + "://localhost:" + server.port();
  }
  Status call(const std::string& target, ChannelOptions options) {
    auto channel = std::make_unique<Channel>(target, std::move(options));
    const Note request = note("hello");
    const Result<Note> reply =
        testing::run(loop_, rpc::call_unary<Note>(*channel, kMethods[0], request, CallOptions{}));
    loop_.enter([&channel] { channel.reset(); });
    EXPECT_TRUE(!reply.ok() || reply->file_name() == "hello");
    return reply.status();
  }

  net::AsioLoop loop_;
  const testing::CertificateAuthority authority_;
};
INSTANTIATE_TEST_SUITE_P(Protocols, EdgeClientTls, ::testing::Values("connect+", "grpc-web+"),
                         [](const auto& info) {
                           return info.param[0] == 'c' ? "Connect" : "GrpcWeb";
                         });

TEST_P(EdgeClientTls, OffersHttp1OnlyAndNamesTheServer) {
  SecureServer server(certificate());
  const Status status = call(target(server), trusting());
  EXPECT_TRUE(status.ok()) << status;
  // The server prefers h2, and would have taken it.
  EXPECT_THAT(server.alpn(), ElementsAre("http/1.1"));
  EXPECT_THAT(server.names(), ElementsAre("localhost"));
}

TEST_P(EdgeClientTls, OffersHttp1WhateverTheOptionsSay) {
  SecureServer server(certificate());
  ChannelOptions options = trusting();
  options.tls->alpn = {"h2"};
  EXPECT_TRUE(call(target(server), std::move(options)).ok());
  EXPECT_THAT(server.alpn(), ElementsAre("http/1.1"));
}

TEST_P(EdgeClientTls, RefusesACertificateOfAnotherName) {
  SecureServer server(certificate({"other.example"}));
  const Status status = call(target(server), trusting());
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("localhost"), HasSubstr("other.example")));
  EXPECT_THAT(server.alpn(), IsEmpty());
}

TEST_P(EdgeClientTls, RefusesACertificateOfAnUnknownAuthority) {
  SecureServer server(certificate());
  const testing::CertificateAuthority other("another CA");
  ChannelOptions options;
  options.tls = net::TlsClientOptions{.ca = other.certificate()};
  EXPECT_EQ(call(target(server), std::move(options)).code(), StatusCode::Unavailable);
  // Without options: the system's.
  const Status status = call(target(server), ChannelOptions{});
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("certificate"));
  EXPECT_THAT(server.alpn(), IsEmpty());
}

TEST_P(EdgeClientTls, TheAuthorityIsTheNameThatIsProved) {
  SecureServer server(certificate({"api.example"}));
  ChannelOptions options = trusting();
  options.authority = "api.example";
  const Status status = call(target(server), std::move(options));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(server.names(), ElementsAre("api.example"));
}

TEST_P(EdgeClientTls, ShowsItsCertificateToAServerThatAsks) {
  net::TlsServerOptions tls = certificate();
  tls.client_ca = authority_.certificate();
  tls.client_certificate = net::ClientCertificate::Required;
  SecureServer server(tls);
  EXPECT_EQ(call(target(server), trusting()).code(), StatusCode::Unavailable);
  const testing::CertificateText mine = authority_.client({.common_name = "reader"});
  ChannelOptions options = trusting();
  options.tls->certificate = mine.certificate;
  options.tls->key = mine.key;
  const Status status = call(target(server), std::move(options));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(EdgeClientTls, SaysThatAServerHasNoHttp1) {
  SecureServer server(certificate(), SecureServer::Http1::Missing);
  const Status status = call(target(server), trusting());
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("offered by ALPN, \"http/1.1\""));
  EXPECT_THAT(server.alpn(), IsEmpty());
}

TEST_P(EdgeClientTls, IsToldThatAPortSpeaksTls) {
  SecureServer server(certificate());
  const Status status = call(target(server, "http"), ChannelOptions{});
  EXPECT_THAT(std::string(status.message()), HasSubstr("this port speaks TLS"));
  EXPECT_THAT(server.alpn(), IsEmpty());
}

}  // namespace
}  // namespace weft::edge
