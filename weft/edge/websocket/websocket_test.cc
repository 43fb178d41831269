#include "weft/edge/websocket/websocket.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/edge/websocket/internal/test_websocket.h"
#include "weft/testing/frames.h"

namespace weft::edge {
namespace {

using namespace std::chrono_literals;
using test::end_of_requests;
using test::masked;
using test::note;
using test::request;
using test::send_note;
using test::SocketWorld;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::string_view kChat = "/test.Notes/Chat";
const std::string kHead = "text:content-type: application/connect+proto\n";
const std::string kBye = masked(Opcode::Close, "\x03\xe8");

std::string envelope(std::string_view text) { return "0:" + note(text).SerializeAsString(); }

TEST(WebSocket, StreamsBothWaysAtTheSameTime) {
  SocketWorld world;
  const auto client = world.open(kChat);
  EXPECT_THAT(world.frames(*client, send_note("one")), ElementsAre(kHead, envelope("one")));
  EXPECT_THAT(world.frames(*client, send_note("two")), ElementsAre(envelope("two")));
  EXPECT_THAT(world.frames(*client, end_of_requests()), ElementsAre("2:{}", "close:1000 "));
  EXPECT_FALSE(client->ended());
  EXPECT_THAT(world.frames(*client, kBye), IsEmpty());
  EXPECT_TRUE(client->ended());
}

TEST(WebSocket, ServesMethodsOfEveryKind) {
  SocketWorld world;
  const auto unary = world.open("/test.Notes/Echo");
  EXPECT_THAT(world.frames(*unary, send_note("hi") + end_of_requests()),
              ElementsAre(kHead, envelope("hi"), "2:{}", "close:1000 "));
  const auto client = world.open("/test.Notes/Collect");
  EXPECT_THAT(world.frames(*client, send_note("a") + send_note("b") + end_of_requests()),
              ElementsAre(kHead, envelope("ab"), "2:{}", "close:1000 "));
  const auto server = world.open("/test.Notes/Expand");
  EXPECT_THAT(world.frames(*server, send_note("ab") + end_of_requests()),
              ElementsAre(kHead + "x-head: a\n", envelope("a"), envelope("b"),
                          R"(2:{"metadata":{"x-tail":["b"]}})", "close:1000 "));
}

TEST(WebSocket, ErrorsAreAtTheEnd) {
  SocketWorld world;
  const auto failing = world.open("/test.Notes/Expand");
  EXPECT_THAT(world.frames(*failing, send_note("fail") + end_of_requests()),
              ElementsAre(kHead, R"(2:{"error":{"code":"not_found","message":"nothing here"}})",
                          "close:1000 "));
  const auto unknown = world.open("/test.Notes/None");
  EXPECT_THAT(world.frames(*unknown, end_of_requests())[1], HasSubstr("unimplemented"));
}

TEST(WebSocket, TheFirstMessageHasMetadataAndTheDeadline) {
  SocketWorld world;
  const auto seen = world.open("/test.Notes/Echo");
  EXPECT_THAT(world.frames(*seen, masked(Opcode::Text, "X-User: me\nx-raw-bin: cmF3") +
                                      send_note("seen") + end_of_requests())[1],
              HasSubstr("me raw"));
  const auto late = world.open("/test.Notes/Echo");
  EXPECT_THAT(world.frames(*late, masked(Opcode::Text, "connect-timeout-ms: 50") +
                                      send_note("sleep") + end_of_requests())[1],
              HasSubstr("deadline_exceeded"));
}

TEST(WebSocket, MessagesMayBeFragmented) {
  SocketWorld world;
  const auto client = world.open(kChat);
  const std::string whole = request("pieces");
  EXPECT_THAT(world.frames(*client, masked(Opcode::Binary, whole.substr(0, 2), false) +
                                        masked(Opcode::Ping, "between") +
                                        masked(Opcode::Continuation, whole.substr(2, 5), false) +
                                        masked(Opcode::Continuation, whole.substr(7))),
              ElementsAre("pong:between", kHead, envelope("pieces")));
}

TEST(WebSocket, AClosingClientCancelsItsCall) {
  SocketWorld world;
  const auto client = world.open("/test.Notes/Echo");
  EXPECT_THAT(world.frames(*client, send_note("sleep") + end_of_requests()), IsEmpty());
  EXPECT_THAT(world.frames(*client, masked(Opcode::Close, "\x0f\xa1")), ElementsAre("close:4001 "));
  EXPECT_EQ(world.notes().slept.code(), StatusCode::Cancelled);
  EXPECT_THAT(world.notes().slept.message(), HasSubstr("code 4001"));
}

TEST(WebSocket, ALostConnectionCancelsItsCall) {
  SocketWorld world;
  const auto client = world.open("/test.Notes/Echo");
  EXPECT_THAT(world.frames(*client, send_note("sleep") + end_of_requests()), IsEmpty());
  client->close();
  world.world().run_for(100ms);
  EXPECT_EQ(world.notes().slept.code(), StatusCode::Cancelled);
}

TEST(WebSocket, TooLargeMessagesAreRefusedBeforeTheyCome) {
  SocketWorld world({}, {.max_receive_size = 1000});
  const auto client = world.open(kChat);
  const std::string announced = request(std::string(2000, 'x')).substr(0, 20);
  const auto frames = world.frames(*client, masked(Opcode::Binary, announced, false));
  EXPECT_THAT(frames[1], HasSubstr("resource_exhausted"));
  EXPECT_THAT(frames[1], HasSubstr("1000"));
  EXPECT_EQ(frames.back(), "close:1000 ");
}

TEST(WebSocket, BrokenRulesCloseWithTheirCode) {
  SocketWorld world({}, {.max_metadata_size = 2000});
  const auto last = [&](std::string_view bytes) {
    const auto client = world.open(kChat);
    return world.frames(*client, bytes).back();
  };
  EXPECT_THAT(last("\x82\x01x"), StartsWith("close:1002 a frame of a client is not masked"));
  EXPECT_THAT(last(masked(Opcode::Text, "a: b") + masked(Opcode::Text, "c: d")),
              StartsWith("close:1003 only the first"));
  EXPECT_THAT(last(masked(Opcode::Text, "a: \xff")), StartsWith("close:1007 "));
  EXPECT_THAT(last(masked(Opcode::Text, "cookie: a")), StartsWith("close:1008 the field 'cookie'"));
  EXPECT_THAT(last(masked(Opcode::Text, std::string(3000, 'a'), false)),
              StartsWith("close:1009 the first message is larger than the limit of 2000 bytes"));
  EXPECT_THAT(last(masked(Opcode::Close, "\x01\x01")), StartsWith("close:1002 the code 257"));
}

TEST(WebSocket, TheFirstMessageIsWaitedForATime) {
  SocketWorld world({.open_timeout = 2s});
  const auto client = world.open(kChat);
  EXPECT_THAT(world.frames(*client, "", 1s), IsEmpty());
  EXPECT_THAT(world.frames(*client, "", 2s)[0], StartsWith("close:1008 the first message"));
}

TEST(WebSocket, ASilentClientIsAskedAndThenCutOff) {
  SocketWorld world({.ping_interval = 10s, .pong_timeout = 5s, .close_timeout = 1s});
  const auto client = world.open("/test.Notes/Echo");
  EXPECT_THAT(world.frames(*client, send_note("sleep") + end_of_requests(), 9s), IsEmpty());
  EXPECT_THAT(world.frames(*client, "", 2s), ElementsAre("ping:"));
  EXPECT_THAT(world.frames(*client, masked(Opcode::Pong, ""), 9s), IsEmpty());
  EXPECT_THAT(world.frames(*client, "", 2s), ElementsAre("ping:"));
  EXPECT_THAT(world.frames(*client, "", 5s)[0], StartsWith("close:1008 the client has not"));
  EXPECT_EQ(world.notes().slept.code(), StatusCode::Cancelled);
  world.world().run_for(4s);
  EXPECT_TRUE(client->ended());
}

TEST(WebSocket, AClientThatReadsNothingHoldsUpItsStream) {
  SocketWorld world;
  const auto client = world.open(kChat);
  client->set_reading(false);
  const std::string text(50'000, 'x');
  constexpr std::size_t kMessages = 200;
  std::string sent;
  for (std::size_t i = 0; i < kMessages; ++i) sent += send_note(text);
  client->send(sent);
  world.world().run_for(10s);
  // Most of it waits at the client.
  EXPECT_GT(client->unsent(), sent.size() / 2);
  client->set_reading(true);
  world.world().run_for(10s);
  EXPECT_EQ(client->unsent(), 0U);
  std::string bytes = client->take();
  const std::vector<std::string> frames = test::take_frames(bytes);
  ASSERT_EQ(frames.size(), 1 + kMessages);
  EXPECT_EQ(frames.back(), envelope(text));
}

TEST(WebSocket, AStopLetsCallsEndAndThenSaysGoodbye) {
  SocketWorld world;
  const auto client = world.open("/test.Notes/Echo");
  EXPECT_THAT(world.frames(*client, send_note("sleep") + end_of_requests()), IsEmpty());
  Task<> stopping = world.world().server().shutdown(1s);
  world.world().run(std::move(stopping));
  EXPECT_THAT(world.frames(*client, ""), ElementsAre(StartsWith("close:1001 ")));
  EXPECT_TRUE(client->ended());
}

}  // namespace
}  // namespace weft::edge
