#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "weft/testing/folder.h"

#include "tests/command/notes_server.h"
#include "tests/command/raw_server.h"
#include "tests/command/tls_server.h"

namespace weft::test {
namespace {

using std::chrono::hours;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class WeftOverTls : public ::testing::Test {
 protected:
  testing::CertificateOptions localhost() const {
    testing::CertificateOptions options;
    options.common_name = "notes";
    options.dns = {"localhost"};
    options.ips = {"127.0.0.1"};
    return options;
  }
  TlsServerOptions good_server() const { return with_certificate(ca_.server(localhost())); }
  TlsServerOptions mutual_server() const {
    TlsServerOptions options = good_server();
    options.client_ca = ca_.certificate();
    options.client_certificate = ClientCertificate::Required;
    return options;
  }
  /// The flags that show a client's certificate from `ca`.
  std::vector<std::string> client_flags(const testing::CertificateAuthority& ca) const {
    testing::CertificateOptions options;
    options.common_name = "reader";
    const testing::CertificateText text = ca.client(options);
    return {"--cacert", ca_file_,
            "--cert",   files_.write("client.pem", text.certificate),
            "--key",    files_.write("client.key", text.key)};
  }

  Ended weft(const std::string& command, const std::string& address,
             std::vector<std::string> rest) const {
    rest.insert(rest.begin(), {command, address});
    return run_weft(rest);
  }
  Ended doctor(const std::string& address, std::vector<std::string> flags) const {
    return weft("doctor", address, std::move(flags));
  }

  testing::CertificateAuthority ca_{"Notes CA"};
  testing::Folder files_;
  std::string ca_file_ = files_.write("ca.pem", ca_.certificate());
};

TEST_F(WeftOverTls, CallsAServerWhoseCaIsGiven) {
  const TlsNotesServer server(good_server());
  const Ended echo = weft(
      "call", server.address(),
      {"weft.test.notes.Notes/Echo", R"({"text":"hi"})", "--no-defaults", "--cacert", ca_file_});
  EXPECT_EQ(echo.status, 0) << echo.err;
  EXPECT_EQ(echo.out, "{\"text\":\"hi\"}\n");
  EXPECT_THAT(weft("list", server.address(), {"--cacert", ca_file_}).out,
              HasSubstr("weft.test.notes.Notes\n"));
  EXPECT_EQ(weft("health", server.address(), {"--cacert", ca_file_}).out, "SERVING\n");
}

TEST_F(WeftOverTls, DoesNotCallAServerThatItCannotTrust) {
  const TlsNotesServer server(good_server());
  const Ended unknown = weft("list", server.address(), {"--tls"});
  EXPECT_EQ(unknown.status, 64 + 14);
  EXPECT_THAT(unknown.err, AllOf(StartsWith("UNAVAILABLE: "), HasSubstr("certificate")));
  const Ended name =
      weft("list", server.address(), {"--cacert", ca_file_, "--server-name", "other.example"});
  EXPECT_EQ(name.status, 64 + 14);
  EXPECT_THAT(name.err, AllOf(HasSubstr("other.example"), HasSubstr("localhost")));
  const Ended authority =
      weft("list", server.address(), {"--cacert", ca_file_, "--authority", "other.example:1"});
  EXPECT_THAT(authority.err, HasSubstr("other.example"));
  const Ended both =
      weft("list", server.address(),
           {"--cacert", ca_file_, "--authority", "other.example", "--server-name", "localhost"});
  EXPECT_EQ(both.status, 0) << both.err;
}

TEST_F(WeftOverTls, CallsAnyServerWithInsecureAndWarns) {
  const TlsNotesServer server(good_server());
  const Ended ended = weft("health", server.address(), {"--insecure"});
  EXPECT_EQ(ended.out, "SERVING\n");
  EXPECT_EQ(ended.err, "warning: --insecure: the server's certificate is not verified\n");
}

TEST_F(WeftOverTls, ShowsACertificateToAServerThatAsks) {
  const TlsNotesServer server(mutual_server());
  const Ended shown = weft("health", server.address(), client_flags(ca_));
  EXPECT_EQ(shown.out, "SERVING\n") << shown.err;
  const Ended none = weft("health", server.address(), {"--cacert", ca_file_});
  EXPECT_EQ(none.status, 64 + 14);
  EXPECT_THAT(none.err, HasSubstr("client certificate"));
}

TEST_F(WeftOverTls, NamesTheFlagThatIsWrong) {
  const Ended missing = run_weft({"list", ":1", "--cacert", "/no/such/ca.pem"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err,
              AllOf(StartsWith("weft list: --cacert: "), HasSubstr("/no/such/ca.pem")));
  const std::string text = files_.write("text.pem", "no certificate");
  const Ended no_pem = run_weft({"list", ":1", "--cert", text});
  EXPECT_EQ(no_pem.status, 2);
  EXPECT_THAT(no_pem.err, AllOf(StartsWith("weft list: --cert: "), HasSubstr(text)));
  EXPECT_THAT(run_weft({"list", ":1", "--key", text}).err,
              StartsWith("weft list: --key requires --cert"));
  EXPECT_THAT(run_weft({"list", ":1", "--min-tls", "1.1"}).err,
              StartsWith("weft list: --min-tls: 1.1 not in"));
}

TEST_F(WeftOverTls, DoctorShowsTheChainOfAHealthyServer) {
  const TlsNotesServer server(good_server());
  const Ended ended = doctor(server.address(), {"--cacert", ca_file_});
  EXPECT_EQ(ended.status, 0) << ended.out;
  EXPECT_THAT(ended.out, ContainsRegex("ok      tls        TLSv1.3, TLS_[A-Z0-9_]+, ALPN h2 \\("));
  EXPECT_THAT(ended.out, HasSubstr("1. CN=notes\n"));
  EXPECT_THAT(ended.out, HasSubstr("issued by CN=Notes CA\n"));
  EXPECT_THAT(ended.out, HasSubstr("names: DNS localhost, IP 127.0.0.1\n"));
  EXPECT_THAT(ended.out, HasSubstr("days left\n"));
  EXPECT_THAT(ended.out, HasSubstr("verified: comes from --cacert, and is for 'localhost'\n"));
  EXPECT_THAT(ended.out, HasSubstr("health     SERVING"));
  EXPECT_THAT(ended.out, HasSubstr("weft.test.notes.Notes"));
  EXPECT_THAT(ended.out, HasSubstr("no problem found"));
}

TEST_F(WeftOverTls, DoctorWarnsOfACertificateThatIsAboutToExpire) {
  testing::CertificateOptions options = localhost();
  options.valid_until = hours(24 * 5 + 1);
  const TlsNotesServer server(with_certificate(ca_.server(options)));
  const Ended ended = doctor(server.address(), {"--cacert", ca_file_});
  EXPECT_EQ(ended.status, 0) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("warning tls        TLSv1.3"));
  EXPECT_THAT(ended.out, HasSubstr("5 days left"));
  EXPECT_THAT(ended.out, HasSubstr("fix: server: renew the certificate of 'CN=notes'"));
  EXPECT_THAT(ended.out, HasSubstr("no problem found, 1 warning"));
}

TEST_F(WeftOverTls, DoctorSaysThatTheCertificateHasExpired) {
  testing::CertificateOptions options = localhost();
  options.valid_from = -hours(24 * 40);
  options.valid_until = -hours(24 * 3 + 1);
  const TlsNotesServer server(with_certificate(ca_.server(options)));
  const Ended ended = doctor(server.address(), {"--cacert", ca_file_});
  EXPECT_EQ(ended.status, 13) << ended.out;
  EXPECT_THAT(ended.out, ContainsRegex("FAILED  tls        [^\n]*expired"));
  EXPECT_THAT(ended.out, HasSubstr("expired 3 days ago"));
  EXPECT_THAT(ended.out, HasSubstr("fix: server: renew the certificate of 'CN=notes'"));
  // What is behind it is looked at all the same.
  EXPECT_THAT(ended.out, HasSubstr("ok      health     SERVING"));
}

TEST_F(WeftOverTls, DoctorSaysWhichNamesTheCertificateHas) {
  testing::CertificateOptions options;
  options.dns = {"greeter.example", "*.pods.example"};
  const TlsNotesServer server(with_certificate(ca_.server(options)));
  const Ended ended = doctor(server.address(), {"--cacert", ca_file_});
  EXPECT_EQ(ended.status, 13) << ended.out;
  EXPECT_THAT(ended.out, ContainsRegex("FAILED  tls        [^\n]*localhost"));
  EXPECT_THAT(ended.out, HasSubstr("names: DNS greeter.example, DNS *.pods.example\n"));
  EXPECT_THAT(ended.out, HasSubstr("fix: client: --server-name with a name"));
  const Ended named =
      doctor(server.address(), {"--cacert", ca_file_, "--server-name", "x.pods.example"});
  EXPECT_EQ(named.status, 0) << named.out;
}

TEST_F(WeftOverTls, DoctorSaysWhichCaIsNotTrusted) {
  const TlsNotesServer server(good_server());
  const Ended machine = doctor(server.address(), {"--tls"});
  EXPECT_EQ(machine.status, 13) << machine.out;
  EXPECT_THAT(machine.out,
              HasSubstr("fix: client: --cacert with the certificate of 'CN=Notes CA'"));
  const testing::CertificateAuthority other("Other CA");
  const Ended given =
      doctor(server.address(), {"--cacert", files_.write("other.pem", other.certificate())});
  EXPECT_EQ(given.status, 13) << given.out;
  EXPECT_THAT(given.out, HasSubstr("'CN=Notes CA', which the file given does not have"));
}

TEST_F(WeftOverTls, DoctorSendsCredentialsToATrustedServerOnly) {
  const TlsNotesServer server(good_server());
  const Ended untrusted = doctor(server.address(), {"--tls", "-H", "authorization: Bearer x"});
  EXPECT_EQ(untrusted.status, 13);
  EXPECT_THAT(untrusted.out, HasSubstr("health     SERVING"));
  EXPECT_FALSE(server.tokens_seen());
  const Ended trusted =
      doctor(server.address(), {"--cacert", ca_file_, "-H", "authorization: Bearer x"});
  EXPECT_EQ(trusted.status, 0);
  EXPECT_TRUE(server.tokens_seen());
}

TEST_F(WeftOverTls, DoctorSaysThatTheServerWantsACertificate) {
  const TlsNotesServer server(mutual_server());
  const Ended none = doctor(server.address(), {"--cacert", ca_file_});
  EXPECT_EQ(none.status, 13) << none.out;
  EXPECT_THAT(none.out, ContainsRegex("FAILED  tls        [^\n]*client certificate"));
  EXPECT_THAT(none.out, HasSubstr("fix: client: --cert and --key"));
  const Ended shown = doctor(server.address(), client_flags(ca_));
  EXPECT_EQ(shown.status, 0) << shown.out;
  const testing::CertificateAuthority other("Other CA");
  const Ended wrong = doctor(server.address(), client_flags(other));
  EXPECT_EQ(wrong.status, 13) << wrong.out;
  EXPECT_THAT(wrong.out, HasSubstr("TlsServerOptions::client_ca with the CA that issued this one"));
}

TEST_F(WeftOverTls, DoctorSaysThatTheServerSpeaksTls) {
  const TlsNotesServer server(good_server());
  const Ended ended = doctor(server.address(), {});
  EXPECT_EQ(ended.status, 14) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("FAILED  http2      the server speaks TLS on this port"));
  EXPECT_THAT(ended.out, HasSubstr("fix: client: add --tls"));
}

TEST_F(WeftOverTls, DoctorGivesTheChainAsJson) {
  const TlsNotesServer server(good_server());
  const Ended ended = doctor(server.address(), {"--cacert", ca_file_, "--json"});
  EXPECT_THAT(ended.out, HasSubstr(R"("version":"TLSv1.3",)"));
  EXPECT_THAT(ended.out, HasSubstr(R"("chain":[{"subject":"CN=notes","issuer":"CN=Notes CA",)"));
  EXPECT_THAT(ended.out, HasSubstr(R"("dns":["localhost"],"ips":["127.0.0.1"],)"));
  EXPECT_THAT(ended.out, HasSubstr(R"("verified":true)"));
}

class WeftTlsToPlaintext : public NotesServerTest {};

TEST_F(WeftTlsToPlaintext, IsSaidByDoctorAndByTheStatus) {
  const Ended ended = run_weft(command("doctor", {"--tls"}));
  EXPECT_EQ(ended.status, 13) << ended.out;
  EXPECT_THAT(ended.out,
              HasSubstr("FAILED  tls        the server speaks HTTP/2 without TLS on this port"));
  EXPECT_THAT(ended.out, HasSubstr("fix: client: leave --tls out"));
  EXPECT_THAT(ended.out, Not(HasSubstr("health")));
  const Ended list = weft("list", {"--tls"});
  EXPECT_EQ(list.status, 64 + 14);
  EXPECT_THAT(list.err, HasSubstr("speaks plaintext HTTP/2"));
}

}  // namespace
}  // namespace weft::test
