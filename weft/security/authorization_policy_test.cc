#include "weft/security/authorization_policy.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/tls/tls_info.h"

namespace weft::security {
namespace {

using ::testing::HasSubstr;

AuthorizationPolicy policy(std::string_view json) {
  Result<AuthorizationPolicy> parsed = AuthorizationPolicy::parse(json);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return *std::move(parsed);
}

std::string refused(std::string_view json) {
  const Result<AuthorizationPolicy> parsed = AuthorizationPolicy::parse(json);
  EXPECT_EQ(parsed.status().code(), StatusCode::InvalidArgument);
  return std::string(parsed.status().message());
}

/// A policy that allows by one rule with this source and request.
std::string allow(std::string_view conditions) {
  return R"({"name": "p", "allow_rules": [{"name": "r")" + std::string(conditions) + "}]}";
}

/// A call that is asked about, as tests say it.
struct Asked {
  std::string path = "/shop.Orders/Get";
  Metadata metadata{};
  Principal principal{};
  net::CertificateInfo certificate{};
  bool has_principal = false;
  bool has_certificate = false;
  bool encrypted = false;

  AuthorizationRequest request() const {
    return {.path = path,
            .metadata = metadata,
            .principal = has_principal ? &principal : nullptr,
            .certificate = has_certificate ? &certificate : nullptr,
            .encrypted = encrypted};
  }
  bool allowed_by(std::string_view json) const { return policy(json).decide(request()).allowed; }
  bool is_principal(std::string_view pattern) const {
    return allowed_by(allow(R"(, "source": {"principals": [")" + std::string(pattern) + "\"]}"));
  }
};

Asked with_certificate() {
  Asked asked;
  asked.has_certificate = asked.encrypted = true;
  asked.certificate.uris = {"spiffe://example.org/billing"};
  asked.certificate.dns = {"billing.example.org"};
  asked.certificate.subject = "CN=billing";
  return asked;
}

Asked with_token(std::string_view issuer, std::string_view subject) {
  Asked asked;
  asked.has_principal = true;
  asked.principal = {
      .subject = std::string(subject), .issuer = std::string(issuer), .scheme = "jwt"};
  return asked;
}

Asked with_headers(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  Asked asked;
  for (const auto& [name, value] : pairs) asked.metadata.add(name, value);
  return asked;
}

TEST(AuthorizationPolicyTest, DeniesWhatNoRuleAllows) {
  EXPECT_FALSE(Asked().allowed_by(R"({"name": "p", "allow_rules": []})"));
}

TEST(AuthorizationPolicyTest, ARuleWithoutConditionsAllowsAnyCall) {
  const AuthorizationPolicy all = policy(allow(""));
  const AuthorizationDecision decision = all.decide(Asked().request());
  EXPECT_TRUE(decision.allowed);
  EXPECT_EQ(decision.rule, "p_r");
  EXPECT_TRUE(
      Asked().allowed_by(allow(R"(, "source": {"principals": []}, "request": {"paths": []})")));
}

TEST(AuthorizationPolicyTest, DenyRulesComeFirst) {
  const AuthorizationPolicy both = policy(
      R"({"name": "p", "allow_rules": [{"name": "all"}],
          "deny_rules": [{"name": "reset", "request": {"paths": ["/shop.Admin/Reset"]}}]})");
  Asked asked;
  EXPECT_TRUE(both.decide(asked.request()).allowed);
  asked.path = "/shop.Admin/Reset";
  EXPECT_FALSE(both.decide(asked.request()).allowed);
  EXPECT_EQ(both.decide(asked.request()).rule, "p_reset");
}

TEST(AuthorizationPolicyTest, PathsMatchWholeByPrefixAndBySuffix) {
  const auto path = [](std::string_view pattern) {
    return Asked().allowed_by(
        allow(R"(, "request": {"paths": [")" + std::string(pattern) + "\"]}"));
  };
  EXPECT_TRUE(path("/shop.Orders/Get"));
  EXPECT_TRUE(path("/shop.Orders/*"));
  EXPECT_TRUE(path("*/Get"));
  EXPECT_TRUE(path("*"));
  EXPECT_FALSE(path("/shop.Orders/"));
  EXPECT_FALSE(path("/shop.Orders/Get*x"));
  EXPECT_FALSE(path("/SHOP.Orders/*"));
}

TEST(AuthorizationPolicyTest, ACertificateIsEachOfItsNames) {
  const Asked billing = with_certificate();
  EXPECT_TRUE(billing.is_principal("spiffe://example.org/billing"));
  EXPECT_TRUE(billing.is_principal("spiffe://example.org/*"));
  EXPECT_TRUE(billing.is_principal("billing.example.org"));
  EXPECT_TRUE(billing.is_principal("CN=billing"));
  EXPECT_TRUE(billing.is_principal("*"));
  EXPECT_FALSE(billing.is_principal("spiffe://example.org/shop"));
  EXPECT_FALSE(billing.is_principal(""));
}

TEST(AuthorizationPolicyTest, ATlsPeerWithoutCertificateHasTheEmptyName) {
  Asked asked;
  asked.encrypted = true;
  EXPECT_TRUE(asked.is_principal(""));
  EXPECT_FALSE(asked.is_principal("*"));
  asked.encrypted = false;
  EXPECT_FALSE(asked.is_principal(""));
}

TEST(AuthorizationPolicyTest, ATokenIsItsIssuerAndSubject) {
  const Asked ann = with_token("https://login.example.org", "ann");
  EXPECT_TRUE(ann.is_principal("https://login.example.org/ann"));
  EXPECT_FALSE(ann.is_principal("ann"));
  EXPECT_TRUE(with_token("", "ann").is_principal("jwt/ann"));
}

TEST(AuthorizationPolicyTest, ATokenDoesNotPassAsACertificate) {
  const Asked forged = with_token("https://login.example.org", "spiffe://example.org/billing");
  EXPECT_FALSE(forged.is_principal("spiffe://example.org/billing"));
}

TEST(AuthorizationPolicyTest, AStrangerBehindAProxyHasNoName) {
  Asked asked = with_certificate();
  asked.has_principal = true;
  EXPECT_FALSE(asked.is_principal("spiffe://example.org/billing"));
  EXPECT_FALSE(asked.is_principal("*"));
  EXPECT_FALSE(asked.is_principal(""));
}

constexpr std::string_view kDevTeam = R"(, "request": {"headers": [
    {"key": "X-Team", "values": ["dev", "ops*"]}, {"key": "x-env", "values": ["*"]}]})";

TEST(AuthorizationPolicyTest, AllHeadersMustMatchOneOfTheirValues) {
  EXPECT_TRUE(with_headers({{"x-team", "dev"}, {"x-env", "test"}}).allowed_by(allow(kDevTeam)));
  EXPECT_TRUE(with_headers({{"x-team", "ops-2"}, {"x-env", "test"}}).allowed_by(allow(kDevTeam)));
  EXPECT_FALSE(with_headers({{"x-team", "dev"}}).allowed_by(allow(kDevTeam)));
  EXPECT_FALSE(with_headers({{"x-team", "dev"}, {"x-env", ""}}).allowed_by(allow(kDevTeam)));
  EXPECT_FALSE(with_headers({{"x-team", "web"}, {"x-env", "test"}}).allowed_by(allow(kDevTeam)));
}

TEST(AuthorizationPolicyTest, RepeatedHeadersAreOneValueForAllowRules) {
  const std::string dev = allow(R"(, "request": {"headers": [{"key": "t", "values": ["dev"]}]})");
  const std::string both =
      allow(R"(, "request": {"headers": [{"key": "t", "values": ["web,dev"]}]})");
  const Asked twice = with_headers({{"t", "web"}, {"t", "dev"}});
  EXPECT_FALSE(twice.allowed_by(dev));
  EXPECT_TRUE(twice.allowed_by(both));
}

TEST(AuthorizationPolicyTest, DenyRulesSeeEachValueOfARepeatedHeader) {
  constexpr std::string_view kDenyWeb = R"({"name": "p", "allow_rules": [{"name": "all"}],
      "deny_rules": [{"name": "d", "request": {"headers": [{"key": "t", "values": ["web"]}]}}]})";
  EXPECT_FALSE(with_headers({{"t", "web"}, {"t", "dev"}}).allowed_by(kDenyWeb));
  EXPECT_FALSE(with_headers({{"t", "dev"}, {"t", "web"}}).allowed_by(kDenyWeb));
  EXPECT_TRUE(with_headers({{"t", "dev"}}).allowed_by(kDenyWeb));
}

TEST(AuthorizationPolicyTest, SaysEachThingThatIsWrong) {
  EXPECT_THAT(refused("["), HasSubstr("authorization policy: not JSON"));
  EXPECT_THAT(refused("{}"), HasSubstr("name"));
  EXPECT_THAT(refused(R"({"name": "p"})"), HasSubstr("allow_rules"));
  EXPECT_THAT(refused(R"({"name": "p", "allow_rules": [{"name": "r"}], "rules": []})"),
              HasSubstr("rules"));
  EXPECT_THAT(refused(R"({"name": "p", "allow_rules": [{}]})"), HasSubstr("allow_rules[0].name"));
  EXPECT_THAT(refused(allow(R"(, "source": {"principal": []})")), HasSubstr("principal"));
  EXPECT_THAT(refused(allow(R"(, "request": {"paths": [1]})")), HasSubstr("paths"));
  EXPECT_THAT(refused(allow(R"(, "request": {"headers": [{"key": "t", "values": []}]})")),
              HasSubstr("values"));
}

TEST(AuthorizationPolicyTest, RefusesHeadersThatCallersDoNotSend) {
  for (const std::string_view key : {":path", "grpc-timeout", "Host", "te", "connection", ""}) {
    EXPECT_THAT(refused(allow(R"(, "request": {"headers": [{"key": ")" + std::string(key) +
                              R"(", "values": ["x"]}]})")),
                HasSubstr("key"))
        << key;
  }
}

TEST(AuthorizationPolicyTest, ReadsTheAuditCondition) {
  constexpr std::string_view kBegin =
      R"({"name": "p", "allow_rules": [], "audit_logging_options": )";
  const auto audit = [&](std::string_view options) {
    return std::string(kBegin).append(options).append("}");
  };
  EXPECT_EQ(policy(allow("")).audit_condition(), AuditCondition::Never);
  EXPECT_EQ(policy(audit(R"({"audit_condition": "ON_DENY"})")).audit_condition(),
            AuditCondition::OnDeny);
  EXPECT_EQ(policy(audit(R"({"audit_condition": "ON_DENY_AND_ALLOW",
                             "audit_loggers": [{"name": "x", "is_optional": true}]})"))
                .audit_condition(),
            AuditCondition::OnDenyAndAllow);
  EXPECT_THAT(refused(audit(R"({"audit_condition": "SOMETIMES"})")), HasSubstr("SOMETIMES"));
  EXPECT_THAT(refused(audit(R"({"audit_loggers": [{"name": "stdout_logger"}]})")),
              HasSubstr("on_decision"));
}

TEST(AuthorizationPolicyTest, ExplainsWhichConditionIsNotMet) {
  Asked asked;
  asked.metadata.add("x-env", "test");
  const std::string text = policy(allow(kDevTeam)).explain(asked.request());
  EXPECT_EQ(text,
            "denied, since no rule allows it\n"
            "  allow p_r: does not apply: headers: x-team\n");
  EXPECT_EQ(policy(allow("")).explain(asked.request()), "allowed\n  allow p_r: applies\n");
}

}  // namespace
}  // namespace weft::security
