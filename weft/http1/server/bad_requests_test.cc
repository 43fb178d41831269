// What clients get wrong, by mistake or not: each is answered in words, ends the connection, and
// nothing behind it is looked at.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/internal/test_http.h"

namespace weft::http1 {
namespace {

using namespace std::chrono_literals;
using test::count;
using test::World;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

struct Smuggled {
  const char* name;
  std::string bytes;  // with a request for /hidden inside
  std::string status;
};

std::vector<Smuggled> smuggled_requests() {
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string post = "POST /late HTTP/1.1\r\nHost: a\r\n";
  return {
      {"CL.TE", post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
       "400"},
      {"TE.CL", post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5e\r\n" + hidden,
       "400"},
      {"TE.TE",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + hidden,
       "400"},
      {"TE with a space", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden, "400"},
      {"TE after a bare CR", post + "a: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
       "400"},
      {"TE folded", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + hidden, "400"},
      {"TE in 1.0", "POST /late HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
       "400"},
      {"CL.CL", post + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + hidden, "400"},
      {"CL with a sign", post + "Content-Length: +0\r\n\r\n" + hidden, "400"},
      {"CL that wraps", post + "Content-Length: 18446744073709551616\r\n\r\n" + hidden, "400"},
      {"chunk size that wraps",
       post + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n0\r\n\r\n" + hidden,
       "400"},
      {"chunk size with a bare LF", post + "Transfer-Encoding: chunked\r\n\r\n0\n\r\n" + hidden,
       "400"},
      {"chunk extension with a bare LF",
       post + "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n" + hidden, "400"},
      {"chunk without its CRLF",
       post + "Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n" + hidden, "400"},
      {"trailer that frames",
       post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n" + hidden, "400"},
      {"bare LFs", "GET /late HTTP/1.1\nHost: a\n\n" + hidden, "400"},
      {"two Hosts", "GET /late HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + hidden, "400"},
      {"HTTP/0.9", "GET /late\r\n" + hidden, "400"},
      {"HTTP/2.0", "GET /late HTTP/2.0\r\nHost: a\r\n\r\n" + hidden, "505"},
      {"unknown coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + hidden,
       "501"},
  };
}

TEST(Http1BadRequests, HideNoOtherRequest) {
  for (const Smuggled& one : smuggled_requests()) {
    World world;
    const auto client = world.connect();
    client->send(one.bytes);
    world.run_for(5s);
    const std::string answer = client->take();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + one.status + " ")) << one.name;
    EXPECT_THAT(answer, HasSubstr("\r\nconnection: close\r\n")) << one.name;
    EXPECT_EQ(count(answer, "content-type: "), 1U) << one.name << answer;
    EXPECT_TRUE(client->ended()) << one.name;
    for (const std::string& seen : world.pages().seen) EXPECT_EQ(seen, "POST /late") << one.name;
  }
}

TEST(Http1BadRequests, HideNoneWhereverTheyAreSplit) {
  for (const Smuggled& one : smuggled_requests()) {
    World world;
    const auto client = world.connect();
    for (const char c : one.bytes) {
      client->send({&c, 1});
      world.run_for(1ms);
    }
    world.run_for(5s);
    EXPECT_EQ(count(client->take(), "content-type: "), 1U) << one.name;
    EXPECT_TRUE(client->ended()) << one.name;
  }
}

TEST(Http1BadRequests, CancelTheHandlerThatWaitsForTheirContent) {
  World world;
  const std::string answer =
      world.ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nx");
  EXPECT_THAT(answer, Not(EndsWith("0\r\n\r\n")));
  EXPECT_EQ(world.world().server().active_calls(), 0U);
}

TEST(Http1BadRequests, AreToldTheLimitTheyExceed) {
  ProtocolOptions options;
  options.head = {.size = 500, .line = 200, .fields = 4};
  options.max_content = 10;
  const std::string get = "GET /x HTTP/1.1\r\nHost: a\r\n";
  const std::string post = "POST /late HTTP/1.1\r\nHost: a\r\n";
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"GET /" + std::string(300, 'x'), {"414", "limit of 200 bytes"}},
      {get + "a: " + std::string(300, 'x'), {"431", "limit of 200 bytes"}},
      {get + "a:1\r\nb:2\r\nc:3\r\nd:4\r\n\r\n", {"431", "limit of 4"}},
      {get + "a: " + std::string(180, 'x') + "\r\nb: " + std::string(180, 'x') +
           "\r\nc: " + std::string(180, 'x') + "\r\n\r\n",
       {"431", "limit of 500 bytes"}},
      {post + "Content-Length: 11\r\n\r\nx", {"413", "limit of 10 bytes"}},
      {post + "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n",
       {"413", "limit of 10 bytes"}},
      {post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(300, 'x'),
       {"400", "limits of 256 bytes"}},
  };
  for (const auto& [bytes, says] : cases) {
    World world(options);
    const std::string answer = world.ask(bytes);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + says[0])) << bytes;
    EXPECT_THAT(answer, HasSubstr(says[1])) << bytes;
  }
}

TEST(Http1BadRequests, WithMoreContentThanExpectedAreRefusedBeforeItComes) {
  ProtocolOptions options;
  options.max_content = 10;
  World world(options);
  EXPECT_THAT(world.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n"
                        "Expect: 100-continue\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
}

TEST(Http1BadRequests, MayBeGarbage) {
  World world;
  EXPECT_THAT(world.ask("BREW coffee\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(world.ask("GET /x HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01"),
              HasSubstr("GET http://a/x"));
}

TEST(Http1BadRequests, OfHttp2AreHttp2s) {
  World world;
  const auto client = world.connect();
  client->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  world.run_for(1s);
  EXPECT_THAT(client->take(), Not(HasSubstr("HTTP/1.1")));
}

TEST(Http1BadRequests, BombsOfTinyChunksAreJoined) {
  World world;
  std::string bytes = "POST /late HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) bytes += "1\r\nx\r\n";
  const auto client = world.connect();
  client->send(bytes + "0\r\n\r\n");
  world.run_for(10s);
  EXPECT_THAT(client->take(), EndsWith("\r\n\r\n100000"));
  EXPECT_LT(world.pages().parts_read, 500U);
}

TEST(Http1BadRequests, ContentThatIsNotReadHoldsTheClientBack) {
  World world;
  const auto client = world.connect();
  client->send("POST /sleep HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n");
  client->send(std::string(9'000'000, 'x'));
  world.run_for(10s);
  EXPECT_EQ(world.world().server().active_calls(), 1U);
  EXPECT_EQ(client->take(), "");
}

TEST(Http1BadRequests, ALittleContentThatNobodyReadsIsDropped) {
  World world;
  const auto client = world.connect();
  const std::string head = "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
  EXPECT_THAT(world.ask(*client, head + std::string(100'000, 'x')), HasSubstr("unread"));
  EXPECT_THAT(world.ask(*client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("200 OK"));
}

TEST(Http1BadRequests, MuchContentThatNobodyReadsEndsTheConnection) {
  World world;
  const auto client = world.connect();
  client->send("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" +
               std::string(1'000'000, 'x'));
  world.run_for(5s);
  EXPECT_THAT(client->take(), HasSubstr("unread"));
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(world.world().server().active_connections(), 0U);
}

TEST(Http1BadRequests, MorePipelinedThanTheLimitIsNotRead) {
  ProtocolOptions options;
  options.max_pipelined = 1000;
  World world(options);
  const auto client = world.connect();
  std::string requests = "GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) requests += "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
  client->send(requests);
  world.run_for(1s);
  EXPECT_THAT(world.pages().seen, ElementsAre("GET /sleep"));
}

TEST(Http1BadRequests, AConnectionHasALimitOfRequests) {
  ProtocolOptions options;
  options.max_requests = 2;
  World world(options);
  const auto client = world.connect();
  const std::string get = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string answer = world.ask(*client, get + get + get);
  EXPECT_EQ(count(answer, "200 OK"), 2U);
  EXPECT_EQ(count(answer, "connection: close"), 1U);
  EXPECT_TRUE(client->ended());
}

TEST(Http1BadRequests, BeyondTheServersLimitOfCallsAre503) {
  testing::InProcess::Options options;
  options.server.max_calls = 1;
  World world({}, options);
  const auto busy = world.connect();
  busy->send("GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(100ms);
  EXPECT_THAT(world.ask("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 503"));
}

TEST(Http1BadRequests, BeyondTheServersMemoryAreRefused) {
  testing::InProcess::Options options;
  options.server.max_connection_memory = 4096;
  World world({}, options);
  const auto client = world.connect();
  client->send("GET /x HTTP/1.1\r\nHost: a\r\na: " + std::string(5000, 'x'));
  world.run_for(100ms);
  client->send("more");
  world.run_for(100ms);
  EXPECT_THAT(client->take(), StartsWith("HTTP/1.1 503"));
}

}  // namespace
}  // namespace weft::http1
