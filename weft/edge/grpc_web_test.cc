// gRPC-Web, binary and text, of all kinds of methods.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/codec/compression.h"
#include "weft/edge/internal/test_edge.h"
#include "weft/edge/internal/text_decoder.h"
#include "weft/rpc/grpc/grpc_wire.h"
#include "weft/testing/frames.h"

namespace weft::edge {
namespace {

using test::Answer;
using test::envelopes;
using test::note;
using test::World;
using testing::data;
using testing::EndStream;
using testing::grpc_message;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kWeb = "application/grpc-web+proto";

std::string message(std::string_view text) { return grpc_message(note(text).SerializeAsString()); }
std::string envelope(std::string_view text) { return "0:" + note(text).SerializeAsString(); }

std::string as_text(std::string_view bytes) {
  std::string text;
  append_text(bytes, text);
  return text;
}
std::string from_text(std::string_view text) {
  TextDecoder decoder;
  std::string bytes;
  return decoder.push(text, bytes) && decoder.at_boundary() ? bytes : "not base64";
}

TEST(EdgeGrpcWeb, AUnaryCallEndsWithTrailersInTheBody) {
  World world;
  const Answer answer = world.post("/test.Notes/Echo", kWeb, message("hello"));
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), kWeb);
  EXPECT_THAT(envelopes(answer.body), ElementsAre(envelope("hello"), "128:grpc-status: 0\r\n"));
}

TEST(EdgeGrpcWeb, MetadataAreFieldsAndTrailersLines) {
  World world;
  const Answer answer = world.post("/test.Notes/Echo", kWeb, message("metadata"));
  EXPECT_EQ(answer.field("x-head"), "a");
  EXPECT_EQ(answer.field("x-head-bin"), "AP8");
  EXPECT_THAT(envelopes(answer.body),
              ElementsAre(envelope("metadata"), "128:grpc-status: 0\r\nx-tail: b\r\n"));
}

TEST(EdgeGrpcWeb, ErrorsBeforeAMessageAreInTheHead) {
  World world;
  const Answer answer = world.post("/test.Notes/Echo", kWeb, message("fail"));
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("grpc-status"), "5");
  EXPECT_EQ(answer.field("grpc-message"), "no \"note\"%0A%FF here");
  EXPECT_NE(answer.field("grpc-status-details-bin"), "");
  EXPECT_EQ(answer.field("x-tail"), "b");
  EXPECT_EQ(answer.body, "");
}

TEST(EdgeGrpcWeb, ServerStreamsComeMessageByMessage) {
  World world;
  const Answer answer = world.post("/test.Notes/Expand", kWeb, message("abc"));
  EXPECT_EQ(answer.field("x-head"), "a");
  EXPECT_THAT(envelopes(answer.body), ElementsAre(envelope("a"), envelope("b"), envelope("c"),
                                                  "128:grpc-status: 0\r\nx-tail: b\r\n"));
}

TEST(EdgeGrpcWeb, StreamsThatFailEndWithTheStatus) {
  World world;
  const Answer answer = world.post("/test.Notes/Expand", kWeb, message("a!b"));
  EXPECT_THAT(envelopes(answer.body),
              ElementsAre(envelope("a"), envelope("!"),
                          "128:grpc-message: midway\r\ngrpc-status: 10\r\nx-tail: b\r\n"));
}

TEST(EdgeGrpcWeb, MessagesLeaveBeforeTheStreamEnds) {
  World world;
  const std::uint32_t stream = world.begin("/test.Notes/Expand", kWeb);
  world.send(stream, message("as"));
  world.world().run_for(1s);
  EXPECT_THAT(envelopes(world.peer().data_of(stream)), ElementsAre(envelope("a"), envelope("s")));
  world.peer().send(testing::rst_stream(stream, http2::ErrorCode::Cancel));
  world.world().run_for(1s);
  EXPECT_EQ(world.notes().slept.code(), StatusCode::Cancelled);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST(EdgeGrpcWeb, DeadlinesEndAStream) {
  World world;
  const std::uint32_t stream = world.begin("/test.Notes/Expand", kWeb, {{"grpc-timeout", "50m"}});
  world.send(stream, message("as"));
  const Answer answer = world.answer(stream);
  const auto parts = envelopes(answer.body);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_THAT(parts[2], HasSubstr("grpc-status: 4\r\n"));
}

TEST(EdgeGrpcWeb, ClientStreamsAndBothWays) {
  World world;
  const std::string three = message("a") + message("b") + message("c");
  EXPECT_THAT(envelopes(world.post("/test.Notes/Collect", kWeb, three).body),
              ElementsAre(envelope("abc"), "128:grpc-status: 0\r\n"));
  EXPECT_THAT(envelopes(world.post("/test.Notes/Chat", kWeb, three).body),
              ElementsAre(envelope("a"), envelope("b"), envelope("c"), "128:grpc-status: 0\r\n"));
}

TEST(EdgeGrpcWeb, BothWaysAtTheSameTime) {
  World world;
  const std::uint32_t stream = world.begin("/test.Notes/Chat", kWeb);
  for (const std::string text : {"one", "two"}) {
    const std::string whole = message(text);
    // In two parts, of which the first is no whole prefix.
    world.peer().send(data(stream, std::string_view(whole).substr(0, 3)));
    world.world().run_for(10ms);
    world.peer().send(data(stream, std::string_view(whole).substr(3)));
    world.world().run_for(10ms);
    EXPECT_THAT(world.peer().data_of(stream), HasSubstr(text));
  }
  world.peer().send(data(stream, "", EndStream::Yes));
  EXPECT_EQ(envelopes(world.answer(stream).body).size(), 3U);
}

TEST(EdgeGrpcWeb, TextIsBase64BothWays) {
  World world;
  const Answer answer =
      world.post("/test.Notes/Expand", "application/grpc-web-text", as_text(message("ab")));
  EXPECT_EQ(answer.field("content-type"), "application/grpc-web-text+proto");
  EXPECT_THAT(envelopes(from_text(answer.body)),
              ElementsAre(envelope("a"), envelope("b"), "128:grpc-status: 0\r\nx-tail: b\r\n"));
}

TEST(EdgeGrpcWeb, TextMayComeByteByByteWithPaddingWithin) {
  World world;
  const std::uint32_t stream = world.begin("/test.Notes/Collect", "application/grpc-web-text");
  for (const char c : as_text(message("a")) + as_text(message("bc"))) {
    world.peer().send(data(stream, {&c, 1}));
    world.world().run_for(1ms);
  }
  world.peer().send(data(stream, "", EndStream::Yes));
  EXPECT_EQ(envelopes(from_text(world.answer(stream).body))[0], envelope("abc"));
}

TEST(EdgeGrpcWeb, AcceptChoosesTheModeOfTheAnswer) {
  World world;
  const Answer text =
      world.post("/test.Notes/Echo", kWeb, message("x"), {{"accept", "application/grpc-web-text"}});
  EXPECT_EQ(envelopes(from_text(text.body))[0], envelope("x"));
  const Answer binary =
      world.post("/test.Notes/Echo", "application/grpc-web-text", as_text(message("x")),
                 {{"accept", "application/grpc-web+proto"}});
  EXPECT_EQ(envelopes(binary.body)[0], envelope("x"));
}

TEST(EdgeGrpcWeb, MessagesMayBeJson) {
  World world;
  const Answer answer = world.post("/test.Notes/Echo", "application/grpc-web+json",
                                   grpc_message(R"({"fileName":"x"})"));
  EXPECT_EQ(answer.field("content-type"), "application/grpc-web+json");
  EXPECT_EQ(envelopes(answer.body)[0], R"(0:{"fileName":"x"})");
  const Answer bad = world.post("/test.Notes/Echo", "application/grpc-web+json", grpc_message("{"));
  EXPECT_EQ(bad.field("grpc-status"), "3");
}

TEST(EdgeGrpcWeb, CompressionIsByMessage) {
  World world;
  const std::string packed =
      codec::compress(Compression::Gzip, note("gzip").SerializeAsString())->to_string();
  const Answer answer = world.post("/test.Notes/Echo", kWeb, grpc_message(packed, true),
                                   {{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "gzip"}});
  EXPECT_EQ(answer.field("grpc-encoding"), "gzip");
  const auto parts = envelopes(answer.body);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(codec::decompress(Compression::Gzip, parts[0].substr(2), 10'000)->to_string(),
            note(std::string(1000, 'z')).SerializeAsString());
}

TEST(EdgeGrpcWeb, CompressionIsChosenBeforeTheHead) {
  World world;
  world.server().use([](Call& call, Next next) {
    call.announce_response_metadata();
    return next(call);
  });
  const Answer answer =
      world.post("/test.Notes/Echo", kWeb, message("gzip"), {{"grpc-accept-encoding", "gzip"}});
  EXPECT_EQ(answer.field("grpc-encoding"), "");
  EXPECT_EQ(envelopes(answer.body)[0], envelope(std::string(1000, 'z')));
}

TEST(EdgeGrpcWeb, CompressedMessagesNeedAnEncoding) {
  World world;
  EXPECT_EQ(world.post("/test.Notes/Echo", kWeb, grpc_message("x", true)).field("grpc-status"),
            "13");
  const Answer empty =
      world.post("/test.Notes/Echo", kWeb, grpc_message("", true), {{"grpc-encoding", "gzip"}});
  EXPECT_EQ(envelopes(empty.body)[0], "0:");
}

TEST(EdgeGrpcWeb, BrokenContentIsTheCallersMistake) {
  World world;
  const auto status = [&](std::string_view type, std::string_view body) {
    const Answer answer = world.post("/test.Notes/Collect", type, body);
    return answer.field("grpc-status") + " " + answer.field("grpc-message");
  };
  EXPECT_EQ(status(kWeb, message("a").substr(0, 6)), "3 the content ends within a message");
  EXPECT_EQ(status(kWeb, message("a") + "\x01"), "3 the content ends within a message");
  EXPECT_THAT(status(kWeb, std::string("\x07\0\0\0\0", 5)), HasSubstr("3 "));
  EXPECT_EQ(status("application/grpc-web-text", "!!!!"), "3 the content is not base64");
  EXPECT_EQ(status("application/grpc-web-text", "AAA"), "3 the content ends within a message");
  EXPECT_THAT(status(kWeb, std::string("\0\xff\xff\xff\xff", 5)), HasSubstr("8 "));
}

TEST(EdgeGrpcWeb, AMethodOfOneRequestTakesOne) {
  World world;
  for (const std::string path : {"/test.Notes/Echo", "/test.Notes/Expand"}) {
    EXPECT_EQ(world.post(path, kWeb, message("a") + message("b")).field("grpc-status"), "12");
    EXPECT_EQ(world.post(path, kWeb, "").field("grpc-status"), "12");
  }
  EXPECT_EQ(world.notes().calls, 0);
}

TEST(EdgeGrpcWeb, WhatCannotBeServedIsSaidInTheHead) {
  World world;
  EXPECT_EQ(world.post("/nobody/Here", kWeb, "").field("grpc-status"), "12");
  EXPECT_EQ(world.post("/deep/er/path", kWeb, "").field("grpc-status"), "12");
  const Answer encoding = world.post("/test.Notes/Echo", kWeb, "", {{"grpc-encoding", "br"}});
  EXPECT_EQ(encoding.field("grpc-status"), "12");
  EXPECT_EQ(encoding.field("grpc-accept-encoding"), "identity, gzip, deflate, zstd");
  EXPECT_EQ(world.post("/test.Notes/Echo", kWeb, "", {{"grpc-timeout", "1"}}).field("grpc-status"),
            "3");
  const Answer format = world.post("/test.Notes/Echo", "application/grpc-web+thrift", "");
  EXPECT_EQ(format.status(), "415");
  EXPECT_EQ(format.field("grpc-status"), "2");
}

TEST(EdgeGrpcWeb, ASlowReaderHoldsTheHandlerBack) {
  World world;
  world.peer().set_give_credit(false);
  const std::uint32_t stream = world.begin("/test.Notes/Expand", kWeb);
  world.send(stream, message(std::string(50'000, 'x')));
  world.world().run_for(1s);
  const std::size_t stuck = world.peer().data_of(stream).size();
  EXPECT_LT(stuck, 100'000U);
  world.peer().send(testing::window_update(0, 10'000'000) +
                    testing::window_update(stream, 10'000'000));
  EXPECT_EQ(envelopes(world.answer(stream).body).size(), 50'001U);
}

TEST(EdgeGrpcWeb, ADeadlineEndsAHandlerThatIsHeldBack) {
  World world;
  world.peer().set_give_credit(false);
  const std::uint32_t stream = world.begin("/test.Notes/Expand", kWeb, {{"grpc-timeout", "1S"}});
  world.send(stream, message(std::string(50'000, 'x')));
  world.world().run_for(2s);
  world.peer().send(testing::window_update(0, 1'000'000) +
                    testing::window_update(stream, 1'000'000));
  EXPECT_THAT(envelopes(world.answer(stream).body).back(), HasSubstr("grpc-status: 4\r\n"));
  EXPECT_EQ(world.server().active_calls(), 0U);
}

}  // namespace
}  // namespace weft::edge
