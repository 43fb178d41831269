// HTTP requests that are not gRPC's, on the port that serves gRPC.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/http/pages.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::ErrorCode;
using http2::FrameType;
using test::Kinds;
using test::text;
using testing::data;
using testing::EndStream;
using testing::Fields;
using testing::headers;
using testing::InProcess;
using testing::ScriptedPeer;

/// As a user could have written it.
class Pages final : public HttpHandler {
 public:
  bool takes(const HttpHead& head) const override {
    return head.method == "CONNECT" || head.path.starts_with("/pages");
  }
  Task<> serve(HttpExchange& exchange) override {
    const HttpHead& head = exchange.head();
    ++served;
    if (head.method == "CONNECT") return tunnel(exchange);
    if (head.path == "/pages/echo") return echo(exchange);
    if (head.path == "/pages/later") return later(*this, exchange);
    if (head.path == "/pages/sleep") return sleep(*this, exchange);
    if (head.path == "/pages/busy") static_cast<net::SimLoop&>(exchange.loop()).work(1ms);
    if (head.path == "/pages/throw") throw std::runtime_error("secret");
    if (head.path == "/pages/nothing") return Task<>();
    if (head.path == "/pages/nothing/later") return nothing_later();
    if (head.path == "/pages/half") return half(exchange);
    if (head.path == "/pages/bad") return bad(exchange);
    if (head.path == "/pages/hold") return hold(exchange);
    return page(exchange);
  }

  static Task<> page(HttpExchange& exchange) {
    const HttpHead& head = exchange.head();
    std::string body = std::string(head.method) + " " + std::string(head.path) + " of " +
                       std::string(head.authority) + " for " + std::string(head.field("x-user"));
    static_cast<void>(co_await exchange.respond(200, "text/html", body));
  }
  static Task<> echo(HttpExchange& exchange) {
    static_cast<void>(exchange.begin(200, {{"content-type", "text/plain"}}));
    while (const std::optional<Message> part = co_await exchange.content().read()) {
      if (!co_await exchange.response().write(*part)) co_return;
    }
    const std::string sum(exchange.trailers().empty() ? "yes" : exchange.trailers()[0].value);
    const HttpField trailers[] = {{"x-last", sum}};
    static_cast<void>(exchange.end(trailers));
  }
  /// Reads what has come in a second.
  static Task<> later(Pages& self, HttpExchange& exchange) {
    static_cast<void>(co_await net::sleep(1s));
    while (const std::optional<Message> part = co_await exchange.content().read()) {
      ++self.parts;
      if (!co_await exchange.response().write(*part)) co_return;
    }
  }
  static Task<> tunnel(HttpExchange& exchange) {
    static_cast<void>(exchange.begin(200));
    while (const std::optional<Message> part = co_await exchange.content().read()) {
      std::string answer = "<" + part->bytes().to_string() + ">";
      const Message message(Bytes::copy_of(answer));
      if (!co_await exchange.response().write(message)) co_return;
    }
  }
  static Task<> sleep(Pages& self, HttpExchange& exchange) {
    self.woken = co_await net::sleep(1h);
    ++self.ended;
    static_cast<void>(exchange.context().is_cancelled());
  }
  static Task<> nothing_later() { static_cast<void>(co_await net::sleep(1s)); }
  static Task<> half(HttpExchange& exchange) {
    static_cast<void>(exchange.begin(200));
    static_cast<void>(co_await net::sleep(1s));
    throw std::runtime_error("secret");
  }
  static Task<> bad(HttpExchange& exchange) {
    Status begun = exchange.begin(200, {{"Upper", "x"}});
    if (begun.ok()) co_return;
    begun = exchange.begin(200, {{"connection", "close"}});
    if (begun.ok()) co_return;
    begun = exchange.begin(99);
    static_cast<void>(co_await exchange.respond(400, "text/plain", begun.message()));
  }

  static Task<> hold(HttpExchange& exchange) {
    std::string answer(name_of(exchange.hold(1'000'000).code()));
    answer.append(" ").append(name_of(exchange.hold(300'000'000).code()));
    answer.append(" ").append(name_of(exchange.hold(1000).code()));
    static_cast<void>(co_await exchange.respond(200, "text/plain", answer));
  }

  int served = 0;
  int ended = 0;
  int parts = 0;
  Status woken;
};

Fields get(std::string_view path, std::string method = "GET", const Fields& more = {}) {
  Fields fields{{":method", std::move(method)},
                {":scheme", "http"},
                {":path", std::string(path)},
                {":authority", "here"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

class Http : public ::testing::Test {
 protected:
  explicit Http(InProcess::Options options = {}) : world_(std::move(options)) {
    world_.add<Kinds>();
    world_.server().add(pages_);
  }
  ScriptedPeer& connect() {
    world_.start();
    peer_ = ScriptedPeer::connect(world_.client_host(), "server", InProcess::kPort);
    return *peer_;
  }
  InProcess world_;
  std::shared_ptr<Pages> pages_ = std::make_shared<Pages>();
  std::unique_ptr<ScriptedPeer> peer_;
};

TEST_F(Http, RequestsGoToTheHandlerThatTakesThem) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages?x=1", "GET", {{"x-user", "me"}}), EndStream::Yes));
  const testing::Frame& head = peer.expect(FrameType::Headers, 1);
  EXPECT_EQ(head.field(":status"), "200");
  EXPECT_EQ(head.field("content-type"), "text/html");
  EXPECT_EQ(head.field("content-length"), "29");
  EXPECT_TRUE(peer.expect(FrameType::Data, 1).end_stream());
  EXPECT_EQ(peer.data_of(1), "GET /pages?x=1 of here for me");
}

TEST_F(Http, OtherRequestsAreAnsweredAsBefore) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/other"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 1).field(":status"), "405");
  peer.send(headers(3, get("/other", "POST", {{"content-type", "text/plain"}}), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 3).field(":status"), "415");
  const auto reply = world_.run(test::unary(world_.channel(), text("x")));
  EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  EXPECT_EQ(pages_->served, 0);
}

TEST_F(Http, ContentGoesBothWaysWithTrailersAtTheEnd) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/echo", "POST", {{"content-type", "text/plain"}})));
  EXPECT_EQ(peer.expect(FrameType::Headers, 1).field(":status"), "200");
  peer.send(data(1, "first "));
  EXPECT_EQ(peer.expect(FrameType::Data, 1).payload, "first ");
  peer.send(data(1, "second", EndStream::Yes));
  const testing::Frame& trailers = peer.expect(FrameType::Headers, 1);
  EXPECT_EQ(trailers.field("x-last"), "yes");
  EXPECT_TRUE(trailers.end_stream());
  EXPECT_EQ(peer.data_of(1), "first second");
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

TEST_F(Http, TrailersOfARequestReachItsHandler) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/echo", "POST", {{"content-type", "text/plain"}})));
  peer.send(data(1, "some"));
  peer.send(headers(1, {{"x-sum", "7"}}, EndStream::Yes));
  peer.expect_end(1);
  EXPECT_EQ(peer.data_of(1), "some");
  EXPECT_TRUE(peer.log().find("x-last: 7") != std::string::npos ||
              peer.log().find("x-last=7") != std::string::npos)
      << peer.log();
}

TEST_F(Http, ClientsThatWaitForItAreAskedForContent) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/later", "POST", {{"expect", "100-continue"}})));
  EXPECT_EQ(peer.expect(FrameType::Headers, 1).field(":status"), "100");
  peer.send(data(1, "some", EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 1).field(":status"), "200");
  peer.expect_end(1);
  EXPECT_EQ(peer.data_of(1), "some");
}

TEST_F(Http, ProbesAnswerByHealth) {
  world_.server().add(probe_pages());
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/healthz"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 1).field(":status"), "200");
  peer.send(headers(3, get("/readyz"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 3).field(":status"), "200");
  peer.send(headers(5, get("/readyz?service=none"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 5).field(":status"), "404");
  world_.server().set_serving("", false);
  peer.send(headers(7, get("/readyz"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 7).field(":status"), "503");
  peer.expect_end(7);
  EXPECT_EQ(peer.data_of(7), "not ready: NOT_SERVING\n");
}

TEST_F(Http, TheFrontPageNamesServices) {
  world_.server().add(front_page("Title"));
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/"), EndStream::Yes));
  peer.expect_end(1);
  EXPECT_TRUE(peer.data_of(1).starts_with("Title\n")) << peer.data_of(1);
  EXPECT_NE(peer.data_of(1).find("test.Kinds\n    Unary\n"), std::string::npos);
  peer.send(headers(3, get("/", "DELETE"), EndStream::Yes));
  const testing::Frame& refused = peer.expect(FrameType::Headers, 3);
  EXPECT_EQ(refused.field(":status"), "405");
  EXPECT_EQ(refused.field("allow"), "GET, HEAD");
}

TEST_F(Http, ATextHasItsPath) {
  world_.server().add(text_page("/robots.txt", "Disallow: /\n"));
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/robots.txt?x"), EndStream::Yes));
  peer.expect_end(1);
  EXPECT_EQ(peer.data_of(1), "Disallow: /\n");
}

TEST_F(Http, AHeadRequestGetsNoContent) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages", "HEAD"), EndStream::Yes));
  const testing::Frame& head = peer.expect(FrameType::Headers, 1);
  EXPECT_EQ(head.field(":status"), "200");
  EXPECT_TRUE(head.end_stream());
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

TEST_F(Http, AConnectCarriesRawBytes) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, {{":method", "CONNECT"}, {":authority", "far:1"}}));
  EXPECT_EQ(peer.expect(FrameType::Headers, 1).field(":status"), "200");
  peer.send(data(1, "raw"));
  EXPECT_EQ(peer.expect(FrameType::Data, 1).payload, "<raw>");
  peer.send(data(1, "", EndStream::Yes));
  peer.expect_end(1);
}

TEST_F(Http, HandlersThatThrowOrAnswerNothingAre500) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/throw"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 1).field(":status"), "500");
  peer.send(headers(3, get("/pages/nothing"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 3).field(":status"), "500");
  EXPECT_EQ(peer.data_of(1), "the handler gave no response\n");
}

TEST_F(Http, HandlersThatEndLaterWithoutAResponseAre500) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/nothing/later"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 1).field(":status"), "500");
  peer.expect_end(1);
  world_.run_for(1s);
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

TEST_F(Http, AShortContentIsReadBeforeTheHandlerBegins) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages", "POST", {{"content-length", "5"}})));
  peer.send(data(1, "123"));
  world_.run_for(500ms);
  EXPECT_FALSE(peer.has(FrameType::Headers, 1));
  peer.send(data(1, "45", EndStream::Yes));
  EXPECT_TRUE(peer.expect_end(1).end_stream());
  world_.run_for(1s);
  EXPECT_FALSE(peer.has(FrameType::RstStream, 1));
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

TEST_F(Http, AShortContentThatDoesNotComeDoesNotKeepTheHandler) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages", "POST", {{"content-length", "5"}})));
  world_.run_for(500ms);
  EXPECT_FALSE(peer.has(FrameType::Headers, 1));
  world_.run_for(1s);
  EXPECT_TRUE(peer.expect_end(1).end_stream());
  EXPECT_EQ(peer.expect(FrameType::RstStream, 1).error(), ErrorCode::NoError);
}

TEST_F(Http, AHandlerIsSparedWhoseClientGoesBeforeItsContent) {
  const int before = pages_->served;
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages", "POST", {{"content-length", "5"}})));
  peer.send(testing::rst_stream(1, ErrorCode::Cancel));
  world_.run_for(1s);
  EXPECT_EQ(pages_->served, before);
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

TEST_F(Http, AShortContentThatIsHeldBackDoesNotKeepTheHandler) {
  ScriptedPeer& peer = connect();
  peer.send(
      headers(1, get("/pages", "POST", {{"content-length", "5"}, {"expect", "100-continue"}})));
  EXPECT_TRUE(peer.expect_end(1).end_stream());
  EXPECT_EQ(peer.expect(FrameType::RstStream, 1).error(), ErrorCode::NoError);
}

TEST_F(Http, LongContentThatNobodyReadsIsStopped) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages", "POST", {{"content-length", "5000000"}})));
  EXPECT_TRUE(peer.expect_end(1).end_stream());
  EXPECT_EQ(peer.expect(FrameType::RstStream, 1).error(), ErrorCode::NoError);
}

TEST_F(Http, MemoryThatAHandlerHoldsIsBounded) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/hold"), EndStream::Yes));
  EXPECT_TRUE(peer.expect_end(1).end_stream());
  EXPECT_EQ(peer.data_of(1), "OK RESOURCE_EXHAUSTED OK");
}

TEST_F(Http, AResponseThatBreaksOffIsReset) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/half"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::RstStream, 1).error(), ErrorCode::InternalError);
  world_.run_for(1s);
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

TEST_F(Http, FieldsThatHttpDoesNotAllowAreRefused) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/bad"), EndStream::Yes));
  EXPECT_EQ(peer.expect(FrameType::Headers, 1).field(":status"), "400");
  peer.expect_end(1);
  EXPECT_EQ(peer.data_of(1), "the response status 99 is not from 200 to 599");
}

TEST_F(Http, AClientThatGoesCancelsTheHandler) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/sleep"), EndStream::Yes));
  world_.run_for(1s);
  EXPECT_EQ(world_.server().active_calls(), 1U);
  peer.send(testing::rst_stream(1, ErrorCode::Cancel));
  world_.run_for(1s);
  EXPECT_EQ(pages_->ended, 1);
  EXPECT_EQ(pages_->woken.message(), "the client cancelled the request");
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

TEST_F(Http, AStopCancelsHandlersWhenItsGraceIsOver) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/sleep"), EndStream::Yes));
  world_.run_for(1s);
  testing::run(world_.server_host(), world_.server().shutdown(10s));
  EXPECT_EQ(pages_->ended, 1);
  EXPECT_EQ(world_.server().active_calls(), 0U);
}

TEST_F(Http, ContentThatIsNotReadHoldsTheClientBack) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/sleep", "POST")));
  const std::string block(16'000, 'x');
  for (int i = 0; i < 16; ++i) peer.send(data(1, block));
  world_.run_for(1s);
  // Its window of 256 KiB is nearly used up, and none was given back.
  EXPECT_FALSE(peer.has(FrameType::WindowUpdate, 1)) << peer.log();
}

TEST_F(Http, TinyFramesAreJoined) {
  ScriptedPeer& peer = connect();
  peer.send(headers(1, get("/pages/later", "POST")));
  std::string all;
  std::string frames;
  for (int i = 0; i < 5000; ++i) {
    const char letter = static_cast<char>('a' + i % 26);
    all += letter;
    frames += data(1, {&letter, 1}, i == 4999 ? EndStream::Yes : EndStream::No);
  }
  peer.send(frames);
  peer.expect_end(1);
  EXPECT_EQ(peer.data_of(1), all);
  EXPECT_LT(pages_->parts, 10);
}

class HttpOverload : public Http {
 protected:
  HttpOverload() : Http(with_delay()) { world_.server().add(probe_pages()); }
  static InProcess::Options with_delay() {
    InProcess::Options options{.link = {.latency = 100us, .jitter = 0ns}};
    options.server.max_queue_delay = 50ms;
    return options;
  }
};

TEST_F(HttpOverload, IsAnswered503ButToProbes) {
  ScriptedPeer& peer = connect();
  std::uint32_t id = 1;
  // Twice as many as the loop has time for.
  for (int i = 0; i < 4000; ++i, id += 2) {
    peer.send(headers(id, get("/pages/busy"), EndStream::Yes));
    world_.run_for(500us);
  }
  peer.send(headers(id, get("/healthz"), EndStream::Yes));
  const testing::Frame& refused = peer.expect(FrameType::Headers, id - 2);
  EXPECT_EQ(refused.field(":status"), "503");
  EXPECT_EQ(refused.field("retry-after"), "1");
  EXPECT_EQ(peer.expect(FrameType::Headers, id).field(":status"), "200");
  EXPECT_GE(pages_->served, 1800);
  EXPECT_GE(world_.server().refused_calls(), 1000U);
}

}  // namespace
}  // namespace weft::rpc
