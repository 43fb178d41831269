#include "weft/rpc/call/principal.h"

#include <gtest/gtest.h>

#include "weft/net/tls/tls_info.h"

namespace weft {
namespace {

using net::CertificateInfo;

CertificateInfo certificate() {
  CertificateInfo info;
  info.subject = "CN=billing,O=Example";
  info.issuer = "CN=Example CA";
  info.fingerprint = "c0ffee";
  return info;
}

TEST(Principal, AnswersForItsRolesAndClaims) {
  const Principal who{.subject = "ann",
                      .issuer = "https://id.example",
                      .scheme = "jwt",
                      .roles = {"reader", "writer"},
                      .claims = {{"group", "a"}, {"group", "b"}, {"mail", "ann@example"}}};
  EXPECT_TRUE(who.has_role("writer"));
  EXPECT_FALSE(who.has_role("write"));
  EXPECT_EQ(who.claim("group"), "a");
  EXPECT_EQ(who.claim("phone"), std::nullopt);
  EXPECT_TRUE(who.has_claim("group", "b"));
  EXPECT_FALSE(who.has_claim("mail", "b"));
}

TEST(PrincipalOfACertificate, IsTheSpiffeIdWithItsTrustDomain) {
  CertificateInfo info = certificate();
  info.uris = {"spiffe://example.org/ns/pay/billing"};
  info.dns = {"billing.example.org"};
  const Principal who = principal_of(info);
  EXPECT_EQ(who.subject, "spiffe://example.org/ns/pay/billing");
  EXPECT_EQ(who.issuer, "spiffe://example.org");
  EXPECT_EQ(who.scheme, "tls");
}

TEST(PrincipalOfACertificate, IsAnotherUriWithTheIssuerOfTheCertificate) {
  CertificateInfo info = certificate();
  info.uris = {"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"};
  EXPECT_EQ(principal_of(info).subject, "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  EXPECT_EQ(principal_of(info).issuer, "CN=Example CA");
}

TEST(PrincipalOfACertificate, IsNoneOfSeveralUris) {
  CertificateInfo info = certificate();
  info.uris = {"spiffe://example.org/a", "spiffe://example.org/b"};
  info.dns = {"billing.example.org", "pay.example.org"};
  EXPECT_EQ(principal_of(info).subject, "billing.example.org");
  EXPECT_EQ(principal_of(info).issuer, "CN=Example CA");
}

TEST(PrincipalOfACertificate, IsTheSubjectWithoutOtherNames) {
  EXPECT_EQ(principal_of(certificate()).subject, "CN=billing,O=Example");
}

TEST(PrincipalOfACertificate, IsTheFingerprintWithoutAnyName) {
  CertificateInfo info = certificate();
  info.subject.clear();
  info.ips = {"10.0.0.7"};
  EXPECT_EQ(principal_of(info).subject, "fingerprint=c0ffee");
}

TEST(PrincipalOfACertificate, PassesOverNamesThatPoseAsOtherKinds) {
  CertificateInfo info = certificate();
  info.dns = {"spiffe://example.org/admin", "CN=admin", std::string("a\0b", 3), "real.example"};
  EXPECT_EQ(principal_of(info).subject, "real.example");
  info.dns.clear();
  for (const char* uri : {"CN=admin", "admin.example", ":admin", ""}) {
    info.uris = {uri};
    EXPECT_EQ(principal_of(info).subject, "CN=billing,O=Example") << uri;
  }
}

}  // namespace
}  // namespace weft
