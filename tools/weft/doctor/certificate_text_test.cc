#include "tools/weft/doctor/certificate_text.h"

#include <string>

#include <gmock/gmock.h>

#include "tools/weft/doctor/http2_probe.h"

namespace weft::cli {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SystemTime kNow = SystemTime(hours(24 * 20'000));  // 2024-10-04

net::CertificateInfo certificate() {
  net::CertificateInfo info;
  info.subject = "CN=greeter";
  info.issuer = "CN=Test CA";
  info.dns = {"greeter.example", "*.pods.example"};
  info.ips = {"192.0.2.1", "2001:db8::1"};
  info.not_before = kNow - hours(24);
  info.not_after = kNow + hours(24 * 30);
  return info;
}

TEST(Certificate, HasTheNamesOfItsExtension) {
  const net::CertificateInfo info = certificate();
  for (const char* good : {"greeter.example", "Greeter.Example", "a.pods.example", "192.0.2.1",
                           "2001:db8::1", "2001:DB8:0::1"}) {
    EXPECT_TRUE(has_name(info, good)) << good;
  }
  for (const char* bad : {"greeter", "pods.example", "a.b.pods.example", ".pods.example",
                          "192.0.2.2", "greeter.example.org", ""}) {
    EXPECT_FALSE(has_name(info, bad)) << bad;
  }
}

TEST(Certificate, CountsWholeDays) {
  net::CertificateInfo info = certificate();
  EXPECT_EQ(days_left(info, kNow), 30);
  info.not_after = kNow + hours(5);
  EXPECT_EQ(days_left(info, kNow), 0);
  info.not_after = kNow - hours(5);
  EXPECT_EQ(days_left(info, kNow), -1);
}

TEST(Certificate, IsShownWithItsDates) {
  net::CertificateInfo info = certificate();
  EXPECT_THAT(certificate_lines(info, 0, kNow),
              ElementsAre("1. CN=greeter", "   issued by CN=Test CA",
                          "   names: DNS greeter.example, DNS *.pods.example, IP 192.0.2.1, "
                          "IP 2001:db8::1",
                          "   valid 2024-10-03 to 2024-11-03, 30 days left"));
  info.not_after = kNow - hours(49);
  EXPECT_THAT(certificate_lines(info, 0, kNow).back(), HasSubstr("expired 2 days ago"));
  info.not_after = kNow - hours(1);
  EXPECT_THAT(certificate_lines(info, 0, kNow).back(), HasSubstr("expired today"));
  info.not_before = kNow + hours(1);
  EXPECT_THAT(certificate_lines(info, 0, kNow).back(), HasSubstr("not yet valid"));
}

net::TlsInfo refused(const net::CertificateInfo& certificate, std::string_view why) {
  net::TlsInfo info;
  info.chain = {certificate};
  info.verification = unavailable(why);
  return info;
}

TEST(Advice, NamesEveryCauseThatCanBeSeen) {
  net::CertificateInfo info = certificate();
  info.not_after = kNow - hours(24);
  EXPECT_THAT(advice_for(refused(info, "expired"), "other.example", false, kNow),
              ElementsAre(HasSubstr("renew the certificate of 'CN=greeter', which expired on"),
                          HasSubstr("--server-name with a name that the certificate has (DNS"),
                          HasSubstr("a certificate with 'other.example' among its names")));
  info = certificate();
  info.not_before = kNow + hours(1);
  EXPECT_THAT(advice_for(refused(info, "not yet"), "greeter.example", false, kNow),
              ElementsAre(HasSubstr("is this machine's clock right?")));
}

TEST(Advice, IsAboutTheIssuerWhereThatIsNotTrusted) {
  net::CertificateInfo info = certificate();
  const std::string why = "which is not trusted (TlsClientOptions::ca)";
  EXPECT_THAT(advice_for(refused(info, why), "greeter.example", false, kNow),
              ElementsAre(HasSubstr("--cacert with the certificate of 'CN=Test CA'")));
  EXPECT_THAT(advice_for(refused(info, why), "other.example", true, kNow),
              ElementsAre(HasSubstr("which the file given does not have"),
                          HasSubstr("--server-name"), HasSubstr("subjectAltName")));
  info.issuer = info.subject;
  EXPECT_THAT(advice_for(refused(info, why), "greeter.example", false, kNow),
              ElementsAre(HasSubstr("the certificate is its own issuer")));
}

TEST(Advice, IsThereForCausesThatNobodyThoughtOf) {
  EXPECT_THAT(advice_for(refused(certificate(), "is not accepted"), "greeter.example", false, kNow),
              ElementsAre(HasSubstr("openssl verify")));
  EXPECT_THAT(
      advice_for(refused(certificate(), "(extended key usage)"), "greeter.example", false, kNow),
      ElementsAre(HasSubstr("serverAuth")));
}

TEST(Wrapped, BreaksBetweenWords) {
  EXPECT_EQ(wrapped("one two three", 2, 9), "one two\n  three");
  EXPECT_EQ(wrapped("one two three", 2, 8), "one\n  two\n  three");
  EXPECT_EQ(wrapped("unbreakable word", 2, 6), "unbreakable\n  word");
  EXPECT_EQ(wrapped("one  two", 0, SIZE_MAX), "one  two");
  EXPECT_EQ(wrapped("", 4, 10), "");
}

TEST(FirstBytes, SayWhatIsSpoken) {
  EXPECT_EQ(spoken(""), Spoken::Nothing);
  EXPECT_EQ(spoken("HTTP/1.1 400 Bad Request"), Spoken::Http1);
  EXPECT_EQ(spoken("<!DOCTYPE HTML>"), Spoken::Http1);
  EXPECT_EQ(spoken(std::string("\x15\x03\x03\x00\x02\x02\x46", 7)), Spoken::Tls);
  EXPECT_EQ(spoken(std::string("\0\0\x06\x04\0\0\0\0\0", 9)), Spoken::Http2);
  EXPECT_EQ(spoken(std::string("\0\0\x06\x04", 4)), Spoken::Other);
  EXPECT_EQ(spoken("SSH-2.0-OpenSSH"), Spoken::Other);
}

TEST(Json, EscapesWhatStringsMayNotHave) {
  JsonMembers json;
  json.add("a", "quote \" and \n").add("b", std::int64_t{3}).add_number("c", 0.5);
  json.add("d", std::vector<std::string>{"x", "y"});
  EXPECT_EQ(json.object(), R"({"a":"quote \" and \u000a","b":3,"c":0.500,"d":["x","y"]})");
}

}  // namespace
}  // namespace weft::cli
