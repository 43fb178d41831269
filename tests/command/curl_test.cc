// Runs what --curl prints, with curl.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "weft/testing/certificates.h"
#include "weft/testing/folder.h"

#include "tests/command/tls_server.h"
#include "tests/command/web_server.h"

namespace weft::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string kNotes = "weft.test.notes.Notes/";
const std::string kLibrary = "library.Library/";

class WeftCurl : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access("/usr/bin/curl", X_OK) != 0) GTEST_SKIP() << "curl is not installed";
  }

  /// What the printed command prints. A script, since it may be longer than an argument.
  static std::string run(const Ended& printed) {
    EXPECT_EQ(printed.status, 0) << printed.err;
    EXPECT_THAT(printed.out, EndsWith("\n"));
    const testing::Folder folder;
    const Ended ended = Program("/bin/sh", {folder.write("call.sh", printed.out)}).wait();
    EXPECT_EQ(ended.status, 0) << printed.out << ended.err;
    return ended.out;
  }
  std::string by_connect(const std::string& method, std::vector<std::string> rest) const {
    rest.push_back("--curl");
    return run(server_.call(method, std::move(rest)));
  }
  std::string by_rest(const std::string& method, std::vector<std::string> rest) const {
    rest.push_back("--curl=rest");
    return run(server_.call(method, std::move(rest)));
  }
  std::string refused(const std::string& method, std::vector<std::string> rest) const {
    const Ended ended = server_.call(method, std::move(rest));
    EXPECT_NE(ended.status, 0) << ended.out;
    EXPECT_EQ(ended.out, "");
    return ended.err;
  }

  WebServer server_;
};

TEST_F(WeftCurl, PrintsOneCommandAndCallsNothing) {
  const Ended ended = server_.call(kNotes + "Hang", {R"({"text": "a'b"})", "--curl"});
  EXPECT_EQ(ended.out,
            "curl -sS -H 'content-type: application/json' -H "
            "'connect-protocol-version: 1' --data-raw '{\"text\":\"a'\\''b\"}' http://" +
                server_.address() + "/weft.test.notes.Notes/Hang\n");
}

TEST_F(WeftCurl, CallsAUnaryMethod) {
  const std::string text = R"({"text":"it's $HOME \\ \"quoted\" \n ü","raw":"AQID"})";
  EXPECT_EQ(by_connect(kNotes + "Echo", {text}), text);
}

TEST_F(WeftCurl, SendsMetadataAndDeadline) {
  const Ended printed =
      server_.call(kNotes + "Echo", {"{}", "-H", "x-a: b c", "-H", "x-none:", "-H", "x-b-bin: AQID",
                                     "--timeout", "30s", "--curl"});
  EXPECT_THAT(printed.out, HasSubstr("-H 'connect-timeout-ms: 30000'"));
  Ended with_head = printed;
  with_head.out.insert(std::string("curl ").size(), "-i ");
  EXPECT_THAT(run(with_head), AllOf(HasSubstr("x-a: b c\r\n"), HasSubstr("x-b-bin: AQID\r\n"),
                                    HasSubstr("x-none:")));
}

TEST_F(WeftCurl, SendsEnvelopesToAMethodThatStreams) {
  const std::string collected =
      by_connect(kNotes + "Collect", {R"({"text":"a%s"} {"text":"\\000"})"});
  EXPECT_THAT(collected, HasSubstr(R"({"count":"2","text":"a%s\\000"})"));
  EXPECT_THAT(by_connect(kNotes + "Repeat", {R"({"text":"a","times":2})"}),
              HasSubstr(R"({"text":"a","times":2})"));
  EXPECT_THAT(by_connect(kNotes + "Chat", {R"({"text":"a"} {"text":"b"})"}),
              AllOf(HasSubstr(R"({"text":"a"})"), HasSubstr(R"({"text":"b"})")));
}

TEST_F(WeftCurl, PipesALongContent) {
  const testing::Folder files;
  const std::string text = R"({"text":")" + std::string(150'000, 'x') + R"("})";
  const std::string file = "@" + files.write("long.json", text);
  EXPECT_EQ(by_connect(kNotes + "Echo", {file}), text);
}

TEST_F(WeftCurl, CallsThePathOfAMethod) {
  const std::string book = R"({"name":"shelves/a b/books/1","title":"50% & more?","pages":3})";
  EXPECT_EQ(by_rest(kLibrary + "CreateBook",
                    {R"({"shelf":"a b","book":{"title":"50% & more?","pages":3}})"}),
            book);
  EXPECT_EQ(by_rest(kLibrary + "GetBook", {R"({"name":"shelves/a b/books/1"})"}), book);
  EXPECT_EQ(by_rest(kLibrary + "ListBooks",
                    {R"({"shelf":"a b","pageSize":5,"titles":["x","50% & more?"]})"}),
            R"({"books":[)" + book + "]}");
  EXPECT_EQ(by_rest(kLibrary + "DeleteBook", {R"({"name":"shelves/a b/books/1"})"}), "{}");
}

TEST_F(WeftCurl, CallsThePathOfAMethodThatStreams) {
  EXPECT_EQ(by_rest(kLibrary + "WatchBooks", {R"({"shelf":"1","count":2})"}),
            "{\"title\":\"Book 1\"}\n{\"title\":\"Book 2\"}\n");
  EXPECT_EQ(by_rest(kLibrary + "ImportBooks",
                    {R"({"shelf":"2","book":{"title":"x"}} {"shelf":"2","book":{"title":"y"}})"}),
            R"({"books":[{"name":"shelves/2/books/1","title":"x"},)"
            R"({"name":"shelves/2/books/2","title":"y"}]})");
  EXPECT_EQ(by_rest(kLibrary + "TradeBooks", {R"({"title":"x"} {"title":"y"})"}),
            "{\"title\":\"x, used\"}\n{\"title\":\"y, used\"}\n");
}

TEST_F(WeftCurl, NamesWhatItHasNoFormFor) {
  EXPECT_THAT(refused(kNotes + "Echo", {"{}", "--curl=rest"}), HasSubstr("google.api.http"));
  EXPECT_THAT(refused(kLibrary + "GetBook", {R"({"name":"books/1"})", "--curl=rest"}),
              HasSubstr("the field name, 'books/1', does not fit its place in the path"));
  EXPECT_THAT(refused(kLibrary + "ImportBooks", {R"({"shelf":"1"} {"shelf":"2"})", "--curl=rest"}),
              HasSubstr("/v1/shelves/2/books:import"));
  EXPECT_THAT(refused(kNotes + "Echo", {"{}", "--curl", "--compression", "gzip"}),
              HasSubstr("--compression"));
  EXPECT_THAT(refused(kNotes + "Echo", {"{}", "--curl", "--format", "xml"}), HasSubstr("--format"));
  EXPECT_THAT(refused(kNotes + "Echo", {R"({"nothing": 1})", "--curl"}), HasSubstr("nothing"));
}

TEST(WeftCurlOverTls, ProvesTheNameThatFlagsSay) {
  if (::access("/usr/bin/curl", X_OK) != 0) GTEST_SKIP() << "curl is not installed";
  const testing::CertificateAuthority ca("Web CA");
  const testing::Folder files;
  const std::string file = files.write("ca.pem", ca.certificate());
  testing::CertificateOptions named;
  named.dns = {"notes.example"};
  const WebServer server(with_certificate(ca.server(named)));
  for (const std::string flag : {"--authority", "--server-name"}) {
    const Ended printed = server.call(
        kNotes + "Echo", {R"({"text":"hi"})", "--curl", "--cacert", file, flag, "notes.example"});
    EXPECT_EQ(printed.status, 0) << printed.err;
    const Ended ended = Program("/bin/sh", {"-c", printed.out}).wait();
    EXPECT_EQ(ended.out, R"({"text":"hi"})") << printed.out << ended.err;
  }
}

}  // namespace
}  // namespace weft::test
