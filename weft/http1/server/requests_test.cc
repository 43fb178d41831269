// Requests of HTTP/1.1 on the port that serves gRPC, served by HttpHandlers.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/internal/test_http.h"

namespace weft::http1 {
namespace {

using test::count;
using test::World;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Http1Requests, GoToTheHandlerThatTakesThem) {
  World world;
  const std::string answer =
      world.ask("GET /hello?a=b HTTP/1.1\r\nHost: here:1\r\nX-User: me\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\ncontent-type: text/plain\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\ncontent-length: 30\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\ndate: "));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nGET http://here:1/hello?a=b me"));
  EXPECT_THAT(answer, Not(HasSubstr("connection:")));
}

TEST(Http1Requests, ShareAConnectionOneByOne) {
  World world;
  const auto client = world.connect();
  for (int i = 0; i < 3; ++i) {
    const std::string path = "/" + std::to_string(i);
    EXPECT_THAT(world.ask(*client, "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"),
                EndsWith("http://a" + path + " "));
  }
  EXPECT_FALSE(client->ended());
}

TEST(Http1Requests, ArriveByteByByte) {
  World world;
  const auto client = world.connect();
  const std::string request = "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  for (const char c : request) {
    client->send({&c, 1});
    world.run_for(10ms);
  }
  world.run_for(2s);
  EXPECT_THAT(client->take(), EndsWith("\r\n\r\n3"));
}

TEST(Http1Requests, ThatArePipelinedAreAnsweredInOrder) {
  World world;
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests +=
        "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nxy";
  }
  const auto client = world.connect();
  const std::string answers = world.ask(*client, requests);
  std::size_t at = 0;
  for (int i = 0; i < 200; ++i) {
    at = answers.find("POST http://a/" + std::to_string(i) + " ", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_EQ(count(answers, "HTTP/1.1 200 OK"), 200U);
}

TEST(Http1Requests, WaitForTheSlowOneBeforeThem) {
  World world;
  const auto client = world.connect();
  client->send("GET /parts HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(2500ms);
  EXPECT_THAT(world.pages().seen, ElementsAre("GET /parts"));
  world.run_for(2s);
  EXPECT_THAT(client->take(), EndsWith("GET http://a/second "));
}

TEST(Http1Requests, HaveContentOfALengthOrInChunks) {
  World world;
  EXPECT_THAT(world.ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
              EndsWith("5\r\nhello\r\n0\r\nx-last: yes\r\n\r\n"));
  const std::string answer = world.ask(
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 7\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"));
  EXPECT_EQ(world.pages().trailers, "x-sum=7;");
}

TEST(Http1Requests, TrailersDoNotBecomeFieldsOfTheHead) {
  World world;
  const std::string answer = world.ask(
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\nX-User: root\r\n\r\n");
  EXPECT_THAT(answer, Not(HasSubstr("root")));
}

TEST(Http1Requests, ContentMayBeAnsweredBeforeItsEnd) {
  World world;
  const auto client = world.connect();
  EXPECT_THAT(world.ask(*client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc"),
              EndsWith("\r\n\r\n3\r\nabc\r\n"));
  EXPECT_THAT(world.ask(*client, "def"), StartsWith("3\r\ndef\r\n0\r\n"));
}

TEST(Http1Requests, ResponsesOfUnknownLengthGoInChunks) {
  World world;
  const auto client = world.connect();
  client->send("GET /parts HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(100ms);
  EXPECT_THAT(client->take(), EndsWith("transfer-encoding: chunked\r\n\r\n"));
  world.run_for(4s);
  EXPECT_EQ(client->take(), "5\r\npart0\r\n5\r\npart1\r\n5\r\npart2\r\n0\r\n\r\n");
}

TEST(Http1Requests, OfVersion10AreAnsweredWithoutChunks) {
  World world;
  const auto client = world.connect();
  client->send("GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  world.run_for(4s);
  const std::string answer = client->take();
  EXPECT_THAT(answer, HasSubstr("connection: close\r\n\r\npart0part1part2"));
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
  EXPECT_TRUE(client->ended());
}

TEST(Http1Requests, OfVersion10KeepTheConnectionWhereTheyAsk) {
  World world;
  const auto client = world.connect();
  EXPECT_THAT(world.ask(*client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("connection: keep-alive\r\n"));
  EXPECT_THAT(world.ask(*client, "GET /b HTTP/1.0\r\n\r\n"), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(client->ended());
}

TEST(Http1Requests, ThatAskForItCloseTheConnection) {
  World world;
  const auto client = world.connect();
  const std::string answer = world.ask(*client,
                                       "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                                       "GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(client->ended());
  EXPECT_THAT(world.pages().seen, ElementsAre("GET /a"));
}

TEST(Http1Requests, OfHeadGetNoContent) {
  World world;
  const auto client = world.connect();
  const std::string answer = world.ask(*client, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("content-length: 20\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
  EXPECT_THAT(world.ask(*client, "HEAD /parts HTTP/1.1\r\nHost: a\r\n\r\n"), EndsWith("\r\n\r\n"));
  world.run_for(4s);
  EXPECT_EQ(client->take(), "");
  EXPECT_THAT(world.ask(*client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("200 OK"));
}

TEST(Http1Requests, WithoutContentInTheAnswerHaveNoLength) {
  World world;
  const std::string answer = world.ask("GET /empty HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("content-length")));
  EXPECT_THAT(answer, Not(HasSubstr("transfer-encoding")));
}

TEST(Http1Requests, OfAbsoluteTargetsHaveTheirHost) {
  World world;
  EXPECT_THAT(world.ask("GET http://there/x HTTP/1.1\r\nHost: here\r\n\r\n"),
              EndsWith("GET http://there/x "));
}

TEST(Http1Requests, ThatNobodyTakesAreAnsweredInWords) {
  World world;
  const auto client = world.connect();
  EXPECT_THAT(world.ask(*client, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"),
              HasSubstr("nothing here takes GET /nothing: this server speaks gRPC over HTTP/2"));
  EXPECT_THAT(world.ask(*client,
                        "POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
                        "Content-Type: application/grpc\r\n\r\n"),
              HasSubstr("gRPC needs HTTP/2"));
  EXPECT_THAT(world.ask(*client, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("200 OK"));
}

TEST(Http1Requests, OfHeadHaveNoContentWhenTheyAreRefusedEither) {
  World world;
  for (const std::string_view fields : {"Host: a b\r\n", "", "Host: a\r\nContent-Length: x\r\n"}) {
    EXPECT_THAT(world.ask("HEAD /x HTTP/1.1\r\n" + std::string(fields) + "\r\n"),
                AllOf(StartsWith("HTTP/1.1 400"), EndsWith("\r\n\r\n")));
  }
}

TEST(Http1Requests, ForTheServerAsAWholeAreAnswered) {
  World world;
  EXPECT_THAT(world.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("HTTP/1.1 200 OK\r\n"));
}

TEST(Http1Requests, ClientsThatWaitForItAreAskedForContent) {
  World world;
  const auto client = world.connect();
  const std::string head =
      "POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  client->send(head);
  world.run_for(500ms);
  EXPECT_EQ(client->take(), "");
  world.run_for(1s);
  EXPECT_EQ(client->take(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(world.ask(*client, "abc"), EndsWith("\r\n\r\n3"));
  EXPECT_FALSE(client->ended());
}

TEST(Http1Requests, ContentThatIsHeldBackAndNotWantedEndsTheConnection) {
  World world;
  const auto client = world.connect();
  const std::string answer = world.ask(
      *client,
      "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("100 Continue")));
  EXPECT_TRUE(client->ended());
}

TEST(Http1Requests, HandlersThatThrowOrAnswerNothingAre500) {
  World world;
  const auto client = world.connect();
  const std::string thrown = world.ask(*client, "GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(thrown, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(thrown, Not(HasSubstr("secret")));
  EXPECT_THAT(world.ask(*client, "GET /silent HTTP/1.1\r\nHost: a\r\n\r\n"),
              HasSubstr("the handler gave no response"));
  EXPECT_FALSE(client->ended());
}

TEST(Http1Requests, AResponseThatBreaksOffIsSeenAsSuch) {
  World world;
  const auto client = world.connect();
  client->send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
  world.run_for(4s);
  EXPECT_THAT(client->take(), EndsWith("chunked\r\n\r\n"));
  EXPECT_TRUE(client->ended());
}

TEST(Http1Requests, ResponsesThatAreNotAsLongAsTheySayEndTheConnection) {
  World world;
  for (const std::string path : {"/short", "/long"}) {
    const auto client = world.connect();
    world.ask(*client, "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    world.run_for(3s);
    EXPECT_TRUE(client->ended()) << path;
  }
}

TEST(Http1Requests, WhatHandlersMayNotSayIsRefused) {
  World world;
  EXPECT_THAT(world.ask("GET /bad HTTP/1.1\r\nHost: a\r\n\r\n"), EndsWith("\r\n\r\n-----"));
}

TEST(Http1Requests, StandBesideGrpc) {
  World world;
  EXPECT_THAT(world.ask("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("200 OK"));
  EXPECT_EQ(world.world().server().active_calls(), 0U);
}

}  // namespace
}  // namespace weft::http1
