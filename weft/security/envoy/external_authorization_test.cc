#include "weft/security/envoy/external_authorization.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/security/envoy/internal/test_world.h"
#include "weft/security/envoy/internal/wire.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Base : public auth::AuthorizationService {
  Task<Result<auth::CheckResponse>> Check(ServerContext&, const auth::CheckRequest& request) final {
    return asked(request);
  }
  virtual Task<Result<auth::CheckResponse>> asked(const auth::CheckRequest& request) = 0;
};

struct Events final : PolicyObserver {
  void on_policy(const PolicyEvent& event) noexcept override { seen.emplace_back(event.event); }
  std::vector<std::string> seen;
};

class ExternalAuthorizationTest : public ::testing::Test {
 protected:
  Middleware asking(ExternalAuthorizationOptions options = {}) {
    options.observer = &events_;
    return external_authorization(world_.channel(), std::move(options)).value();
  }
  static auth::CheckResponse allowed() {
    auth::CheckResponse response;
    response.mutable_status();
    return response;
  }
  static auth::CheckResponse denied(int http = 0, std::string body = "") {
    auth::CheckResponse response;
    response.mutable_status()->set_code(7);
    if (http != 0) response.mutable_denied_response()->mutable_status()->set_code(http);
    if (!body.empty()) response.mutable_denied_response()->set_body(std::move(body));
    return response;
  }
  template <class Headers>
  static auth::HeaderValueOption& add(Headers* to, std::string key, std::string value) {
    auth::HeaderValueOption& option = *to->Add();
    option.mutable_header()->set_key(std::move(key));
    option.mutable_header()->set_value(std::move(value));
    return option;
  }
  static Metadata metadata() {
    Metadata metadata;
    metadata.add("x-tenant", "blue");
    metadata.add("x-tag", "a");
    metadata.add("x-tag", "b");
    metadata.add("x-some-bin", "\x01");
    return metadata;
  }

  Events events_;
  test::World<Base, auth::CheckRequest, auth::CheckResponse> world_;
};

TEST_F(ExternalAuthorizationTest, ShowsWhoCallsWhat) {
  world_.answer(allowed());
  world_.set_principal({.subject = "ann", .issuer = "https://login", .scheme = "jwt"});
  EXPECT_TRUE(world_.call(asking({.extensions = {{"fleet", "eu"}}}), metadata()).ok());
  ASSERT_EQ(world_.asked().size(), 1U);
  const auth::AttributeContext& seen = world_.asked()[0].attributes();
  EXPECT_EQ(seen.source().principal(), "https://login/ann");
  EXPECT_EQ(seen.request().http().path(), "/shop.Orders/Get");
  EXPECT_EQ(seen.request().http().method(), "POST");
  EXPECT_EQ(seen.request().http().headers().at("x-tenant"), "blue");
  EXPECT_EQ(seen.request().http().headers().at("x-tag"), "a,b");
  EXPECT_EQ(seen.request().http().headers().count("x-some-bin"), 0U);
  EXPECT_EQ(seen.context_extensions().at("fleet"), "eu");
  EXPECT_GT(seen.request().time().seconds(), 1'700'000'000);
}

TEST_F(ExternalAuthorizationTest, ShowsOnlyTheHeadersThatAreNamed) {
  world_.answer(allowed());
  EXPECT_TRUE(world_.call(asking({.headers = {"x-tag"}}), metadata()).ok());
  EXPECT_EQ(world_.asked()[0].attributes().request().http().headers().size(), 1U);
}

TEST_F(ExternalAuthorizationTest, TheServiceChangesMetadata) {
  auth::CheckResponse response = allowed();
  auth::OkHttpResponse& ok = *response.mutable_ok_response();
  add(ok.mutable_headers(), "X-User", "ann");
  add(ok.mutable_headers(), "x-tenant", "red");
  add(ok.mutable_headers(), "x-tag", "c").mutable_append()->set_value(true);
  add(ok.mutable_headers(), "grpc-timeout", "1H");
  add(ok.mutable_headers(), "x-two", "a\nb");
  ok.add_headers_to_remove("x-some-bin");
  ok.add_headers_to_remove("x-gone");
  add(ok.mutable_response_headers_to_add(), "x-by", "policy 7");
  world_.answer(response);
  Metadata sent = metadata();
  sent.add("x-gone", "yes");
  EXPECT_TRUE(world_.call(asking(), std::move(sent)).ok());
  EXPECT_EQ(world_.seen("x-user"), "ann");
  EXPECT_EQ(world_.seen("x-tenant"), "red");
  EXPECT_EQ(world_.seen("x-gone"), "-");
  EXPECT_EQ(world_.seen("grpc-timeout"), "-");
  EXPECT_EQ(world_.seen("x-two"), "-");
  EXPECT_EQ(world_.seen("x-some-bin"), "\x01");
  EXPECT_EQ(world_.response_field("x-by"), "policy 7");
}

TEST_F(ExternalAuthorizationTest, DeniesWithTheStatusThatBelongsToHttps) {
  world_.answer(denied());
  EXPECT_EQ(world_.call(asking()).to_string(),
            "PERMISSION_DENIED: the authorization service does not allow this call");
  EXPECT_FALSE(world_.was_served());
  world_.answer(denied(401, "log in"));
  EXPECT_EQ(world_.call(asking()).to_string(), "UNAUTHENTICATED: log in");
  world_.answer(denied(403));
  EXPECT_EQ(world_.call(asking()).code(), StatusCode::PermissionDenied);
  world_.answer(denied(200));
  EXPECT_EQ(world_.call(asking()).code(), StatusCode::PermissionDenied);
  auth::CheckResponse with_header = denied(401);
  add(with_header.mutable_denied_response()->mutable_headers(), "www-authenticate", "Bearer");
  world_.answer(with_header);
  EXPECT_EQ(world_.call(asking()).code(), StatusCode::Unauthenticated);
  EXPECT_EQ(world_.trailer("www-authenticate"), "Bearer");
  EXPECT_THAT(events_.seen, ElementsAre("denied", "denied", "denied", "denied", "denied"));
}

TEST_F(ExternalAuthorizationTest, AnEmptyAnswerAllowsNothing) {
  world_.answer(auth::CheckResponse());
  EXPECT_EQ(world_.call(asking()).code(), StatusCode::PermissionDenied);
  auth::CheckResponse contradiction = denied();
  contradiction.mutable_ok_response();
  world_.answer(contradiction);
  EXPECT_EQ(world_.call(asking()).code(), StatusCode::PermissionDenied);
}

TEST_F(ExternalAuthorizationTest, RefusesCallsWhileTheServiceFails) {
  world_.answer([](const auto&) { return unavailable("s3cret of the inside"); });
  const Status refused = world_.call(asking());
  EXPECT_EQ(refused.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(refused.message()), Not(HasSubstr("s3cret")));
  world_.answer(nullptr);
  EXPECT_EQ(world_.call(asking()).code(), StatusCode::Unavailable);
  EXPECT_FALSE(world_.was_served());
  EXPECT_THAT(events_.seen, ElementsAre("failed", "failed"));
}

TEST_F(ExternalAuthorizationTest, LetsCallsPassWhereThatIsAskedFor) {
  world_.answer([](const auto&) { return unavailable("away"); });
  const auto allow = ExternalAuthorizationOptions::WhenAway::Allow;
  EXPECT_TRUE(world_.call(asking({.when_away = allow})).ok());
  EXPECT_THAT(events_.seen, ElementsAre("failed_open"));
  world_.answer(denied());
  EXPECT_FALSE(world_.call(asking({.when_away = allow})).ok());
}

TEST_F(ExternalAuthorizationTest, DoesNotAskAboutOpenPaths) {
  world_.answer(denied());
  EXPECT_TRUE(world_.call(asking(), {}, "/grpc.health.v1.Health/Check").ok());
  EXPECT_FALSE(world_.call(asking(), {}, "/grpc.health.v1.Health/Check/x").ok());
  EXPECT_EQ(world_.asked().size(), 1U);
}

TEST_F(ExternalAuthorizationTest, NamesTheOptionThatIsWrong) {
  EXPECT_THAT(external_authorization(nullptr).status().to_string(), HasSubstr("has no channel"));
  EXPECT_THAT(
      external_authorization(world_.channel(), {.timeout = Duration(0)}).status().to_string(),
      HasSubstr("timeout"));
}

}  // namespace
}  // namespace weft::security
