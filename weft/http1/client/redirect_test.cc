// Which redirects are followed, and with what.

#include <string>

#include "weft/http1/client/internal/redirects.h"
#include "weft/http1/client/internal/test_server.h"

namespace weft::http1 {
namespace {

using test::ok;
using test::options;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string redirect(int status, std::string_view to) {
  return "HTTP/1.1 " + std::to_string(status) + " x\r\nlocation: " + std::string(to) +
         "\r\ncontent-length: 4\r\n\r\nmore";
}

class Redirecting : public test::ClientTest {
 protected:
  void SetUp() override {
    ClientOptions following = options();
    following.max_redirects = 3;
    use(following);
    other.answer(ok("other"));
  }
  Request request(const std::string& method) {
    Request made(method, "http://server/a/b");
    made.header("authorization", "secret").header("x", "y");
    if (method != "GET" && method != "HEAD") made.header("content-type", "t").body("body");
    return made;
  }
  test::ScriptedServer other{network.host("other"), 80};
};

TEST_F(Redirecting, IsOffByDefault) {
  use(options());
  server.answer(redirect(302, "/c"));
  EXPECT_EQ(get()->status, 302);
}

TEST_F(Redirecting, GoesToTheSameOriginWithEverything) {
  server.answer(redirect(302, "c"));
  server.answer(ok("there"));
  Result<Response> page = send(request("GET"));
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->text(), "there");
  EXPECT_EQ(page->url.to_string(), "http://server/a/c");
  EXPECT_EQ(page->redirects, 1U);
  EXPECT_THAT(server.requests().at(1), AllOf(StartsWith("GET /a/c "), HasSubstr("secret")));
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Redirecting, LeavesCredentialsBehindAtAnotherOrigin) {
  server.answer(redirect(307, "http://other/d"));
  EXPECT_EQ(text_of(send(request("GET"))), "other");
  EXPECT_THAT(other.requests().at(0),
              AllOf(HasSubstr("\r\nx: y\r\n"), Not(HasSubstr("secret")), HasSubstr("host: other")));
}

TEST_F(Redirecting, TurnsAPostIntoAGet) {
  for (const int status : {301, 302, 303}) {
    server.answer(redirect(status, "http://other/"));
    if (status != 301) (void)get();
    EXPECT_EQ(text_of(send(request("POST"))), "other");
    EXPECT_THAT(other.requests().back(),
                AllOf(StartsWith("GET / "), Not(HasSubstr("body")), Not(HasSubstr("content-"))));
  }
}

TEST_F(Redirecting, SendsABodyAgainWhereItMust) {
  server.answer(redirect(308, "http://other/"));
  EXPECT_EQ(text_of(send(request("PUT"))), "other");
  EXPECT_THAT(other.requests().back(), AllOf(StartsWith("PUT / "), HasSubstr("\r\n\r\nbody")));
}

TEST_F(Redirecting, EndsWithAReason) {
  server.answer(redirect(302, "/"));
  EXPECT_EQ(text_of(get()),
            "FAILED_PRECONDITION: GET http://server/: it redirects to http://server/, where it was "
            "sent before: a loop");
  server.answer(redirect(302, "1"));
  for (const char* const next : {"2", "3", "4", "5"}) server.answer(redirect(302, next));
  (void)get();
  EXPECT_THAT(text_of(get()), HasSubstr("after 3 redirects, which is the limit"));
  server.answer(redirect(302, "gopher://x"));
  (void)get();
  (void)get();
  EXPECT_THAT(text_of(get()), HasSubstr("it redirects to what is no URL"));
}

TEST_F(Redirecting, DoesNotLeaveHttps) {
  // Without a server of TLS: the rule is asked itself.
  Redirects redirects(3);
  Request from("GET", "https://server/");
  Url url = *Url::parse("https://server/");
  ResponseInfo answer{.status = 302, .url = url};
  answer.fields.add("location", "http://server/");
  EXPECT_THAT(redirects.follow(answer, from, url).status().to_string(),
              HasSubstr("which is not https any more"));
}

}  // namespace
}  // namespace weft::http1
