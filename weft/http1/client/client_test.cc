// Requests and responses, connections and pools, in virtual time.

#include "weft/http1/client/client.h"

#include <string>

#include "weft/coro/all.h"
#include "weft/http1/client/internal/test_server.h"

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;
using test::ClientTest;
using test::ok;
using test::options;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Then = test::ScriptedServer::Then;

TEST_F(ClientTest, GetsAPage) {
  server.answer("HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\ncontent-length: 5\r\n\r\nhello");
  Result<Response> page = get("http://server/a/b?c");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->reason, "Fine");
  EXPECT_EQ(page->fields.get("content-type"), "text/plain");
  EXPECT_EQ(page->text(), "hello");
  EXPECT_EQ(page->url.to_string(), "http://server/a/b?c");
  EXPECT_THAT(server.requests().at(0),
              StartsWith("GET /a/b?c HTTP/1.1\r\nhost: server\r\nuser-agent: weft-http/"));
  EXPECT_THAT(server.requests().at(0), HasSubstr("\r\naccept-encoding: gzip, zstd\r\n"));
}

TEST_F(ClientTest, PostsABodyWithFields) {
  server.answer(ok("stored"));
  Request request("POST", "http://server/v1/metrics");
  request.header("Content-Type", "application/x-protobuf").header("x-key", "a").body("123");
  EXPECT_EQ(text_of(send(std::move(request))), "stored");
  EXPECT_THAT(server.requests().at(0),
              AllOf(HasSubstr("\r\ncontent-type: application/x-protobuf\r\nx-key: a\r\n"),
                    HasSubstr("\r\ncontent-length: 3\r\n\r\n123")));
}

TEST_F(ClientTest, AnyStatusIsAResponse) {
  server.answer("HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n");
  Result<Response> page = get();
  ASSERT_TRUE(page.ok());
  EXPECT_FALSE(page->ok());
  EXPECT_EQ(retry_after(*page), 7s);
  EXPECT_EQ(status_of(*page).to_string(), "UNAVAILABLE: http://server/ answered 503 Busy");
}

TEST_F(ClientTest, KeepsAConnectionForTheNextRequest) {
  server.answer(ok("one"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(text_of(get()), "one");
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(http->stats().reuses, 2U);
}

TEST_F(ClientTest, ReadsBodiesOfEveryFraming) {
  server.answer(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: "
      "1\r\n\r\n");
  Result<Response> page = get();
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->text(), "abcde");
  EXPECT_EQ(page->trailers.get("t"), "1");
  server.answer("HTTP/1.1 200 OK\r\n\r\nuntil the end", Then::Close);
  (void)get();
  EXPECT_EQ(text_of(get()), "until the end");
  server.answer("HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nold", Then::Close);
  (void)get();
  EXPECT_EQ(text_of(get()), "old");
}

TEST_F(ClientTest, ExpectsNoBodyWhereHttpHasNone) {
  server.answer("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n");
  Result<Response> head = send(Request("HEAD", "http://server/"));
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->fields.get("content-length"), "100");
  server.answer("HTTP/1.1 304 Not Modified\r\ncontent-length: 100\r\n\r\n");
  server.answer("HTTP/1.1 204 No Content\r\n\r\n");
  (void)send(Request("HEAD", "http://server/"));
  EXPECT_EQ(get()->status, 304);
  EXPECT_EQ(get()->status, 204);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(ClientTest, SkipsInterimResponses) {
  server.answer("HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" +
                ok("x"));
  EXPECT_EQ(text_of(get()), "x");
}

TEST_F(ClientTest, DecodesWhatItAskedFor) {
  const Result<Bytes> packed = codec::compress(Compression::Gzip, std::string(10'000, 'a'));
  ASSERT_TRUE(packed.ok());
  server.answer(ok(packed->view(), "content-encoding: GZIP\r\n"));
  Result<Response> page = get();
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->text(), std::string(10'000, 'a'));
  EXPECT_FALSE(page->fields.has("content-encoding"));
  Request raw("GET", "http://server/");
  raw.header("accept-encoding", "gzip");
  EXPECT_EQ(text_of(send(std::move(raw))), packed->view());
  Request small("GET", "http://server/");
  small.max_body(9'999);
  EXPECT_THAT(
      text_of(send(std::move(small))),
      AllOf(StartsWith("RESOURCE_EXHAUSTED: the response of http://server/: "), HasSubstr("9999")));
  server.answer(ok("x", "content-encoding: br\r\n"));
  (void)get();
  EXPECT_THAT(text_of(get()), HasSubstr("the body has the content-encoding br, and accepted are"));
}

TEST_F(ClientTest, BoundsTheBody) {
  ClientOptions small = options();
  small.max_body = 4;
  use(small);
  server.answer(ok("12345"));
  EXPECT_EQ(
      text_of(get()),
      "RESOURCE_EXHAUSTED: the response of http://server/: the body of the response is larger "
      "than the limit of 4 bytes (max_body)");
  server.answer(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  (void)get();
  EXPECT_THAT(text_of(get()), HasSubstr("the limit of 4 bytes"));
  server.answer(ok("1234"));
  (void)get();
  EXPECT_EQ(text_of(get()), "1234");
}

TEST_F(ClientTest, RefusesRequestsThatCannotBeSent) {
  const auto refusal = [this](Request request) { return text_of(send(std::move(request))); };
  EXPECT_THAT(refusal(Request("GET", "server/")), StartsWith("INVALID_ARGUMENT: the URL server/"));
  EXPECT_THAT(refusal(Request("G T", "http://server/")), HasSubstr("is no token"));
  EXPECT_THAT(refusal(Request("CONNECT", "http://server/")), HasSubstr("ClientOptions::proxy"));
  for (const char* const field : {"Host", "content-length", "Transfer-Encoding", "connection",
                                  "upgrade", "expect", "te", "proxy-authorization"}) {
    Request request("GET", "http://server/");
    request.header(field, "1");
    EXPECT_THAT(refusal(std::move(request)), HasSubstr("is the client's own to send")) << field;
  }
  for (const char* const value : {"a\r\nb: c", "a\nb", std::string_view("a\0b", 3).data(), " a"}) {
    Request request("GET", "http://server/");
    request.header("x", value).header("bad name", "x");
    EXPECT_THAT(refusal(std::move(request)), StartsWith("INVALID_ARGUMENT")) << value;
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ClientTest, TellsWhatIsWrongWithItsOptions) {
  ClientOptions bad = options();
  bad.stall_timeout = 0s;
  use(bad);
  EXPECT_THAT(text_of(get()), HasSubstr("ClientOptions::stall_timeout: it is 0s"));
  bad = options();
  bad.proxy = "ftp://x";
  use(bad);
  EXPECT_THAT(text_of(get()), HasSubstr("ClientOptions::proxy: 'ftp://x'"));
}

TEST_F(ClientTest, NamesTheRequestWhereThereIsNoServer) {
  EXPECT_THAT(text_of(get("http://server:81/a?secret")),
              AllOf(StartsWith("UNAVAILABLE: GET http://server:81/a: "), HasSubstr("server:81"),
                    Not(HasSubstr("secret"))));
  EXPECT_THAT(text_of(get("http://nobody.example/")), StartsWith("UNAVAILABLE: GET http://nobody"));
}

TEST_F(ClientTest, LimitsAllOfARequest) {
  server.answer("");
  Request request("GET", "http://server/");
  request.timeout(2s);
  const TimePoint begun = network.now();
  EXPECT_EQ(text_of(send(std::move(request))),
            "DEADLINE_EXCEEDED: GET http://server/: no whole response within 2s (Request::timeout, "
            "ClientOptions::timeout)");
  EXPECT_EQ(network.now() - begun, 2s);
}

TEST_F(ClientTest, EndsWithItsContext) {
  server.answer("");
  Context context;
  struct Canceller : net::Timer {
    explicit Canceller(Context& of)
        : Timer([](Timer& self) noexcept {
            static_cast<Canceller&>(self).context.cancel(cancelled("not needed"));
          }),
          context(of) {}
    Context& context;
  } canceller(context);
  host().enter([&] { host().arm(canceller, after(host().now(), 1s)); });
  const Result<Response> page = testing::run(host(), http->get("http://server/"), 1h, &context);
  EXPECT_EQ(page.status().code(), StatusCode::Cancelled);
  EXPECT_THAT(page.status().to_string(), HasSubstr("GET http://server/: not needed"));
}

Task<std::size_t> many(Client& http, std::size_t count) {
  std::vector<Task<Result<Response>>> tasks;
  for (std::size_t i = 0; i < count; ++i) tasks.push_back(http.get("http://server/"));
  const std::vector<Result<Response>> pages = co_await all(std::move(tasks));
  std::size_t refused = 0;
  for (const Result<Response>& page : pages) {
    if (page.ok()) continue;
    EXPECT_EQ(page.status().code(), StatusCode::ResourceExhausted) << page.status();
    ++refused;
  }
  co_return refused;
}

TEST_F(ClientTest, BoundsConnectionsAndWaitingRequests) {
  ClientOptions small = options();
  small.max_connections = 2;
  small.max_waiting = 3;
  use(small);
  server.answer(ok("x"));
  EXPECT_EQ(testing::run(host(), many(*http, 10)), 5U);
  EXPECT_EQ(server.connections(), 2U);
}

TEST_F(ClientTest, ClosesIdleConnections) {
  server.answer(ok("x"));
  (void)get();
  network.run_for(50s);
  EXPECT_EQ(server.open_connections(), 1U);
  network.run_for(30s);
  EXPECT_EQ(server.open_connections(), 0U);
}

TEST_F(ClientTest, ForgetsTheOldestOriginBeyondTheLimit) {
  ClientOptions small = options();
  small.max_origins = 2;
  use(small);
  test::ScriptedServer other(network.host("server"), 81);
  test::ScriptedServer third(network.host("server"), 82);
  for (test::ScriptedServer* one : {&server, &other, &third}) one->answer(ok("x"));
  EXPECT_EQ(text_of(get("http://server/")), "x");
  network.run_for(1s);
  EXPECT_EQ(text_of(get("http://server:81/")), "x");
  network.run_for(1s);
  EXPECT_EQ(text_of(get("http://server:82/")), "x");
  network.run_for(1s);
  EXPECT_EQ(server.open_connections(), 0U);
  EXPECT_EQ(text_of(get("http://server:81/")), "x");
  EXPECT_EQ(other.connections(), 1U);
}

TEST_F(ClientTest, SpreadsRequestsOverTheInstancesOfATarget) {
  ClientOptions named = options();
  named.targets = {{"greeter.internal", "static:memory:one:80,memory:two:80"}};
  use(named);
  test::ScriptedServer one(network.host("one"), 80);
  test::ScriptedServer two(network.host("two"), 80);
  one.answer(ok("1"));
  two.answer(ok("2"));
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(get("http://greeter.internal/").ok());
  EXPECT_EQ(one.requests().size(), 3U);
  EXPECT_EQ(two.requests().size(), 3U);
  EXPECT_THAT(two.requests().at(0), HasSubstr("host: greeter.internal\r\n"));
  network.set_down("one", true);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(text_of(get("http://greeter.internal/")), "2");
}

TEST_F(ClientTest, AsksAProxyForTheWholeUrl) {
  ClientOptions proxied = options();
  proxied.proxy = "http://user:pass@server:80";
  use(proxied);
  server.answer(ok("through"));
  EXPECT_EQ(text_of(get("http://far.example:8080/a")), "through");
  EXPECT_THAT(
      server.requests().at(0),
      AllOf(StartsWith("GET http://far.example:8080/a HTTP/1.1\r\nhost: far.example:8080\r\n"),
            HasSubstr("\r\nproxy-authorization: Basic dXNlcjpwYXNz\r\n")));
  server.answer("HTTP/1.1 403 no\r\n\r\n", Then::Close);
  EXPECT_EQ(text_of(get("http://far.example:8080/a")), "through");
  EXPECT_THAT(text_of(get("https://far.example/")),
              HasSubstr("did not connect to far.example:443: it answered HTTP/1.1 403 no"));
}

TEST_F(ClientTest, GoesBeforeItsRequests) {
  server.answer(ok("late"));
  Task<Result<Response>> task = http->get("http://server/");
  host().enter([&] { task.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  http.reset();
  network.run_for(1s);
  ASSERT_TRUE(task.done());
  EXPECT_EQ(text_of(task.take()), "late");
  EXPECT_EQ(server.open_connections(), 0U);
  http = std::make_unique<Client>(options());
}

TEST(Client, SaysThatThereIsNoLoop) {
  Client http(options());
  Task<Result<Response>> task = http.get("http://server/");
  task.start(nullptr, {[](void*) noexcept {}, nullptr});
  EXPECT_THAT(task.take().status().to_string(), HasSubstr("this thread runs no loop"));
}

}  // namespace
}  // namespace weft::http1
