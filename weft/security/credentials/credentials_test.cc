#include "weft/security/credentials/credentials.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/cluster/endpoints/endpoint.h"
#include "weft/middleware/attempts/retry.h"
#include "weft/net/tls/tls_info.h"
#include "weft/rpc/client/unary_call.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_service.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using google::protobuf::StringValue;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::InProcess;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Script;
using testing::ScriptedService;

constexpr MethodDescriptor kGet{.name = "Get", .path = "/shop.Orders/Get"};

/// Gives a new value each time.
class Numbered final : public security::CredentialSource {
 public:
  Task<Result<security::CredentialRef>> credential(const Call&) override {
    return Result<security::CredentialRef>(
        std::make_shared<const std::string>("Bearer " + std::to_string(++asked)));
  }
  int asked = 0;
};

class CredentialsTest : public ::testing::Test {
 protected:
  /// A call behind whose credentials there is such a connection.
  Status call_over(const net::TlsInfo& tls) {
    const auto peer = Peer::Ref::make(*net::Address::ip("10.0.0.7", 443),
                                      std::make_shared<const net::TlsInfo>(tls));
    far_ = std::make_shared<ScriptedService>(std::vector{Script{.reads_requests = false}});
    const auto connect = [&peer](Call& made, Next next) {
      made.set_peer(peer);
      return next(made);
    };
    testing::Chain chain(*far_, {connect, credentials(security::fixed_credential("Bearer abc"))});
    net::SimNetwork network(1);
    net::SimLoop& loop = network.host("here");
    Call made(Call::Side::Client, loop, kGet.path, &kGet, nullptr);
    return testing::run(loop, chain.serve(made));
  }
  /// A call over a connection without TLS to such an address.
  Status call_in_plaintext_to(std::string_view text) {
    const cluster::Endpoint endpoint{.addresses = {*net::Address::parse(text)}};
    far_ = std::make_shared<ScriptedService>(std::vector{Script{.reads_requests = false}});
    const auto connect = [&endpoint](Call& made, Next next) {
      made.set_peer(Peer::Ref::make(endpoint.addresses.front(), nullptr));
      made.set_endpoint(&endpoint);
      return next(made);
    };
    testing::Chain chain(*far_, {connect, credentials(security::fixed_credential("Bearer abc"))});
    net::SimNetwork network(1);
    net::SimLoop& loop = network.host("here");
    Call made(Call::Side::Client, loop, kGet.path, &kGet, nullptr);
    return testing::run(loop, chain.serve(made));
  }
  /// A server that answers as the scripts say.
  void serve(InProcess& world, std::vector<Script> scripts) {
    far_ = std::make_shared<ScriptedService>(std::move(scripts));
    world.server().fallback(far_);
  }
  Status call(InProcess& world, CallOptions options = {}) {
    const StringValue request;
    options.timeout = 1min;
    return world.run(rpc::call_unary<StringValue>(world.channel(), kGet, request, options))
        .status();
  }
  /// What the server got, call by call.
  std::vector<std::string> got(std::string_view field = "authorization") const {
    std::vector<std::string> values;
    for (const ScriptedService::Seen& seen : far_->seen()) {
      std::string all;
      for (const std::string_view value : seen.metadata.get_all(field)) {
        all.append(all.empty() ? "" : " and ").append(value);
      }
      values.push_back(std::move(all));
    }
    return values;
  }

  const CredentialOptions anywhere_{.plaintext = CredentialOptions::Plaintext::Allowed};
  const Script ok_{.responses = {""}};
  std::shared_ptr<ScriptedService> far_;
};

TEST_F(CredentialsTest, GoOverTlsToAVerifiedServer) {
  net::TlsInfo tls;
  tls.chain.emplace_back();
  EXPECT_TRUE(call_over(tls).ok());
  EXPECT_THAT(got(), ElementsAre("Bearer abc"));
}

TEST_F(CredentialsTest, DoNotGoToAServerThatIsNotVerified) {
  net::TlsInfo tls;
  tls.chain.emplace_back();
  tls.verification = unauthenticated("self-signed");
  const Status status = call_over(tls);
  EXPECT_EQ(status.code(), StatusCode::Unauthenticated);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not verified"));
  EXPECT_THAT(got(), IsEmpty());
}

TEST_F(CredentialsTest, DoNotGoInPlaintextToAnotherMachine) {
  InProcess world;
  serve(world, {ok_});
  world.channel().use_per_endpoint(credentials(security::fixed_credential("Bearer s3cret")));
  const Status status = call(world);
  EXPECT_EQ(status.code(), StatusCode::Unauthenticated);
  EXPECT_THAT(std::string(status.message()), HasSubstr("plaintext"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("s3cret")));
  EXPECT_THAT(got(), IsEmpty());
}

TEST_F(CredentialsTest, GoInPlaintextToThisMachine) {
  for (const char* text : {"127.0.0.1:80", "127.255.255.254:80", "[::1]:80",
                           "[::ffff:127.0.0.1]:80", "unix:/run/x", "unix:@name"}) {
    EXPECT_TRUE(call_in_plaintext_to(text).ok()) << text;
    EXPECT_THAT(got(), ElementsAre("Bearer abc")) << text;
  }
}

TEST_F(CredentialsTest, DoNotGoToRoutersOfOtherNetworks) {
  // 6to4 (RFC 3056) and NAT64 (RFC 6052) of 127.0.0.1: packets leave the machine.
  for (const char* text : {"[2002:7f00:1::]:80", "[2002:7f00:1::1]:80", "[64:ff9b::7f00:1]:80",
                           "[64:ff9b::127.0.0.1]:80", "[::127.0.0.1]:80", "[::ffff:10.0.0.1]:80",
                           "10.0.0.1:80", "[fe80::1%1]:80", "memory:x"}) {
    EXPECT_EQ(call_in_plaintext_to(text).code(), StatusCode::Unauthenticated) << text;
    EXPECT_THAT(got(), IsEmpty()) << text;
  }
}

TEST_F(CredentialsTest, GoInPlaintextWhereThatIsAllowed) {
  InProcess world;
  serve(world, {ok_});
  world.channel().use_per_endpoint(
      credentials(security::fixed_credential("k"),
                  {.field = "x-api-key", .plaintext = CredentialOptions::Plaintext::Allowed}));
  EXPECT_TRUE(call(world).ok());
  EXPECT_THAT(got("x-api-key"), ElementsAre("k"));
}

TEST_F(CredentialsTest, DoNotGoWhereTheWayIsUnknown) {
  InProcess world;
  serve(world, {ok_});
  world.channel().use(credentials(security::fixed_credential("Bearer abc")));
  const Status status = call(world);
  EXPECT_EQ(status.code(), StatusCode::Unauthenticated);
  EXPECT_THAT(std::string(status.message()), HasSubstr("use_per_endpoint"));
}

TEST_F(CredentialsTest, GoWithEachAttempt) {
  InProcess world;
  serve(world, {{.status = unavailable("first")}, ok_});
  const auto source = std::make_shared<Numbered>();
  world.channel().use(retry({.max_attempts = 2}));
  world.channel().use_per_endpoint(credentials(source, anywhere_));
  EXPECT_TRUE(call(world).ok());
  EXPECT_THAT(got(), ElementsAre("Bearer 1", "Bearer 2"));
}

TEST_F(CredentialsTest, AreReplacedWhereTheCallIsSentAgain) {
  InProcess world;
  serve(world, {{.status = unavailable("first")}, ok_});
  world.channel().use_per_endpoint([](Call& made, Next next) -> Task<Status> {
    static_cast<void>(co_await next(made));
    co_return co_await next(made);
  });
  world.channel().use_per_endpoint(credentials(std::make_shared<Numbered>(), anywhere_));
  static_cast<void>(call(world));
  EXPECT_THAT(got(), ElementsAre("Bearer 1", "Bearer 2"));
}

TEST_F(CredentialsTest, OfACallTakeThePlaceOfTheChannels) {
  InProcess world;
  serve(world, {ok_});
  const auto source = std::make_shared<Numbered>();
  world.channel().use_per_endpoint(credentials(source, anywhere_));
  Metadata own;
  own.add("authorization", "Bearer own");
  EXPECT_TRUE(call(world, {.metadata = &own}).ok());
  EXPECT_THAT(got(), ElementsAre("Bearer own"));
  EXPECT_EQ(source->asked, 0);
}

TEST_F(CredentialsTest, OfACallAreHeldToTheSameRule) {
  InProcess world;
  serve(world, {ok_});
  world.channel().use_per_endpoint(credentials(std::make_shared<Numbered>()));
  Metadata own;
  own.add("authorization", "Bearer own");
  EXPECT_EQ(call(world, {.metadata = &own}).code(), StatusCode::Unauthenticated);
  EXPECT_THAT(got(), IsEmpty());
}

TEST_F(CredentialsTest, WithALineEndAreNotSent) {
  InProcess world;
  serve(world, {ok_});
  world.channel().use_per_endpoint(
      credentials(security::fixed_credential("Bearer s3cret\r\nx-admin: 1"), anywhere_));
  const Status status = call(world);
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_THAT(status.to_string(), Not(HasSubstr("s3cret")));
  EXPECT_THAT(got(), IsEmpty());
}

TEST_F(CredentialsTest, FailTheCallWhereThereAreNone) {
  InProcess world;
  serve(world, {ok_});
  world.channel().use_per_endpoint(
      credentials(security::bearer_token([]() -> Task<Result<security::AccessToken>> {
                    co_return unavailable("the vault is away");
                  }),
                  anywhere_));
  const Status status = call(world);
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the vault is away"));
  EXPECT_THAT(got(), IsEmpty());
}

}  // namespace
}  // namespace weft
