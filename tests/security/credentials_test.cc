// Credentials of a channel on real sockets: over TLS, within the machine, by OAuth 2.0.

#include "weft/security/credentials/credentials.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/http1/server/protocol.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/rpc/http_handler.h"
#include "weft/rpc/server.h"
#include "weft/security/credentials/oauth.h"
#include "weft/testing/certificates.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;
using ::testing::HasSubstr;

constexpr MethodDescriptor kWho{.name = "Who", .path = "/test.Names/Who"};

/// Answers with the call's field `authorization`.
class Echo final : public Service {
 public:
  Task<Status> serve(Call& call) override {
    StringValue reply;
    reply.set_value(
        std::string(std::as_const(call).request_metadata().get("authorization").value_or("none")));
    static_cast<void>(
        co_await call.responses().write(Message(Bytes::copy_of(reply.SerializeAsString()))));
    co_return ok_status();
  }
};

/// A token endpoint.
class Login final : public rpc::HttpHandler {
 public:
  bool takes(const rpc::HttpHead& head) const override { return head.path == "/token"; }
  Task<> serve(rpc::HttpExchange& exchange) override {
    static_cast<void>(co_await exchange.respond(
        200, "application/json",
        R"({"access_token":"given","token_type":"Bearer","expires_in":600})"));
  }
};

class CredentialsOnSockets : public ::testing::Test {
 protected:
  std::uint16_t start(ServerOptions options) {
    options.listen = "127.0.0.1:0";
    server_ = std::make_unique<Server>(std::move(options));
    server_->add(http1::protocol());
    server_->add(std::make_shared<Login>());
    server_->fallback(std::make_shared<Echo>());
    EXPECT_TRUE(server_->start().ok());
    return server_->port();
  }
  static Task<Result<StringValue>> ask(Channel& channel) {
    const StringValue request;
    co_return co_await rpc::call_unary<StringValue>(channel, kWho, request, {.timeout = 10s});
  }
  std::string who(ChannelOptions options, CredentialSourceRef source) {
    Channel channel("127.0.0.1:" + std::to_string(server_->port()), std::move(options));
    channel.use_per_endpoint(credentials(std::move(source)));
    const Result<StringValue> reply = net::run_blocking(thread_.loop(), ask(channel));
    return reply.ok() ? reply->value() : reply.status().to_string();
  }

  const testing::CertificateAuthority ca_;
  net::LoopThread thread_;
  std::unique_ptr<Server> server_;
};

TEST_F(CredentialsOnSockets, GoOverTlsToAVerifiedServer) {
  const testing::CertificateText own = ca_.server({.ips = {"127.0.0.1"}});
  start({.tls = TlsServerOptions{.certificates = {{own.certificate, own.key}}}});
  EXPECT_EQ(who({.tls = TlsClientOptions{.ca = ca_.certificate()}}, fixed_credential("Bearer a")),
            "Bearer a");
  EXPECT_THAT(who({.tls = TlsClientOptions{.insecure = true}}, fixed_credential("Bearer a")),
              HasSubstr("not verified"));
}

TEST_F(CredentialsOnSockets, GoInPlaintextWithinTheMachine) {
  start({});
  EXPECT_EQ(who({}, fixed_credential("Bearer a")), "Bearer a");
}

TEST_F(CredentialsOnSockets, ComeFromATokenEndpoint) {
  const std::uint16_t port = start({});
  OAuthOptions options;
  options.token_url = "http://127.0.0.1:" + std::to_string(port) + "/token";
  options.client_id = "orders";
  options.client_secret = "secret";
  const auto source = oauth_client_credentials(std::move(options));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(who({}, *source), "Bearer given");
}

}  // namespace
}  // namespace weft::security
