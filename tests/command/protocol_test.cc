#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "weft/testing/certificates.h"
#include "weft/testing/folder.h"

#include "tests/command/tls_server.h"
#include "tests/command/web_server.h"

namespace weft::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kNotes = "weft.test.notes.Notes/";

class WeftByProtocol : public ::testing::TestWithParam<const char*> {
 protected:
  Ended call(const std::string& method, std::vector<std::string> rest) const {
    rest.insert(rest.end(), {"--protocol", GetParam()});
    return server_.call(kNotes + method, std::move(rest));
  }
  Ended weft(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--protocol", GetParam()});
    return run_weft(arguments);
  }

  WebServer server_;
};

TEST_P(WeftByProtocol, CallsAMethodWithTypesFromReflection) {
  const Ended ended = call("Echo", {R"({"text":"hi"})"});
  EXPECT_EQ(ended.out, "{\"text\":\"hi\"}\n");
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST_P(WeftByProtocol, SendsAndReceivesStreams) {
  EXPECT_EQ(call("Collect", {R"({"text":"a"} {"text":"b"})"}).out,
            "{\"count\":\"2\",\"text\":\"ab\"}\n");
  EXPECT_EQ(call("Repeat", {R"({"text":"a","times":2})"}).out,
            "{\"text\":\"a\",\"times\":2}\n{\"text\":\"a\",\"times\":2}\n");
}

TEST_P(WeftByProtocol, ShowsAnErrorWithItsDetails) {
  const Ended ended =
      call("Fail", {R"({"code":5,"message":"no such note","note":{"text":"near"}})"});
  EXPECT_EQ(ended.status, 64 + 5);
  EXPECT_THAT(ended.err, AllOf(StartsWith("NOT_FOUND: no such note\n"), HasSubstr("near")));
}

TEST_P(WeftByProtocol, SendsMetadataDeadlineAndFormat) {
  const Ended ended =
      call("Echo", {R"({"text":"hi"})", "-v", "-H", "x-a: b", "-H", "x-b-bin: AQID", "--timeout",
                    "30s", "--format", "json", "--compression", "gzip"});
  EXPECT_EQ(ended.out, "{\"text\":\"hi\"}\n") << ended.err;
  EXPECT_THAT(ended.err, AllOf(HasSubstr("x-a: b"), HasSubstr("x-b-bin: AQID")));
}

TEST_P(WeftByProtocol, ListsDescribesAndAsksForHealth) {
  EXPECT_THAT(weft({"list", server_.address()}).out, HasSubstr("weft.test.notes.Notes\n"));
  EXPECT_THAT(weft({"describe", server_.address(), "weft.test.notes.Summary"}).out,
              HasSubstr("message Summary"));
  EXPECT_EQ(weft({"health", server_.address()}).out, "SERVING\n");
}

TEST_P(WeftByProtocol, TakesAUrl) {
  const Ended ended = weft({"call", "http://" + server_.address() + "/", kNotes + "Echo",
                            R"({"text":"hi"})", "--no-defaults"});
  EXPECT_EQ(ended.out, "{\"text\":\"hi\"}\n") << ended.err;
}

TEST_P(WeftByProtocol, BenchCountsTheCalls) {
  const Ended ended = weft({"bench", server_.address(), kNotes + "Echo", "-d", R"({"text":"hi"})",
                            "-n", "40", "-c", "4", "-q"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("40 "));
}

INSTANTIATE_TEST_SUITE_P(Protocols, WeftByProtocol,
                         ::testing::Values("grpc", "grpc-web", "connect"), [](const auto& info) {
                           const std::string name = info.param;
                           return name == "grpc-web" ? std::string("web") : name;
                         });

TEST(WeftProtocol, SpeaksTlsToAUrlWithHttps) {
  const testing::CertificateAuthority ca("Web CA");
  const testing::Folder files;
  const std::string file = files.write("ca.pem", ca.certificate());
  testing::CertificateOptions named;
  named.dns = {"localhost"};
  const WebServer server(with_certificate(ca.server(named)));
  for (const char* protocol : {"grpc", "grpc-web", "connect"}) {
    for (const std::string& address : {"https://" + server.address(), server.address()}) {
      const Ended ended = run_weft({"call", address, kNotes + "Echo", R"({"text":"hi"})",
                                    "--no-defaults", "--cacert", file, "--protocol", protocol});
      EXPECT_EQ(ended.out, "{\"text\":\"hi\"}\n") << protocol << " " << address << ended.err;
    }
    const Ended other =
        run_weft({"call", "https://" + server.address(), kNotes + "Echo", "{}", "--cacert", file,
                  "--server-name", "other.example", "--protocol", protocol});
    EXPECT_EQ(other.status, 64 + 14) << protocol;
    EXPECT_THAT(other.err, HasSubstr("other.example"));
  }
}

std::string refusal(std::vector<std::string> rest) {
  rest.insert(rest.begin(), {"call"});
  const Ended ended = run_weft(rest);
  EXPECT_EQ(ended.status, 2);
  return ended.err;
}

TEST(WeftProtocol, NamesWhatCannotGoTogether) {
  EXPECT_THAT(refusal({":1", "a.B/C", "--protocol", "soap"}),
              HasSubstr("'soap' is no protocol; there are grpc, grpc-web and connect"));
  EXPECT_THAT(refusal({"unix:/x", "a.B/C", "--protocol", "connect"}),
              HasSubstr("'unix:/x' is not one server"));
  EXPECT_THAT(refusal({"http://a.example", "a.B/C", "--protocol", "connect", "--tls"}),
              HasSubstr("http:// has no TLS"));
  EXPECT_THAT(refusal({"http://a.example", "a.B/C", "--tls"}), HasSubstr("http:// has no TLS"));
  EXPECT_THAT(refusal({"http://a.example/api", "a.B/C"}), HasSubstr("no path below a host"));
  EXPECT_THAT(refusal({":1", "a.B/C", "--protocol", "connect", "--wait-for-ready"}),
              HasSubstr("--wait-for-ready"));
}

TEST(WeftProtocol, BenchRefusesStreamsOfAConnectionOfHttp1) {
  const Ended ended = run_weft({"bench", ":1", "a.B/C", "-m", "2", "--protocol", "connect"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("-m 2"));
}

}  // namespace
}  // namespace weft::test
