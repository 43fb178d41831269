// Connect's streams.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/codec/compression.h"
#include "weft/edge/internal/test_edge.h"
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

constexpr std::string_view kProto = "application/connect+proto";
constexpr std::string_view kJson = "application/connect+json";

std::string message(std::string_view text) { return grpc_message(note(text).SerializeAsString()); }
std::string envelope(std::string_view text) { return "0:" + note(text).SerializeAsString(); }
std::string json(std::string_view text) {
  return grpc_message("{\"fileName\":\"" + std::string(text) + "\"}");
}

TEST(EdgeConnectStream, ServerStreamsEndWithTrailers) {
  World world;
  const Answer answer = world.post("/test.Notes/Expand", kProto, message("ab"));
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), kProto);
  EXPECT_EQ(answer.field("x-head"), "a");
  EXPECT_THAT(envelopes(answer.body),
              ElementsAre(envelope("a"), envelope("b"), R"(2:{"metadata":{"x-tail":["b"]}})"));
}

TEST(EdgeConnectStream, MessagesMayBeJson) {
  World world;
  const Answer answer = world.post("/test.Notes/Expand", kJson, json("a"));
  EXPECT_EQ(answer.field("content-type"), kJson);
  EXPECT_THAT(envelopes(answer.body),
              ElementsAre(R"(0:{"fileName":"a"})", R"(2:{"metadata":{"x-tail":["b"]}})"));
}

TEST(EdgeConnectStream, ClientStreamsAreAnsweredWithOneMessage) {
  World world;
  const Answer answer = world.post("/test.Notes/Collect", kJson, json("a") + json("bc"));
  EXPECT_THAT(envelopes(answer.body), ElementsAre(R"(0:{"fileName":"abc"})", "2:{}"));
}

TEST(EdgeConnectStream, BothWaysAtTheSameTime) {
  World world;
  const std::uint32_t stream = world.begin("/test.Notes/Chat", kProto);
  for (const std::string text : {"one", "two"}) {
    world.peer().send(data(stream, message(text)));
    world.world().run_for(10ms);
    EXPECT_THAT(world.peer().data_of(stream), HasSubstr(text));
  }
  world.peer().send(data(stream, "", EndStream::Yes));
  EXPECT_THAT(envelopes(world.answer(stream).body),
              ElementsAre(envelope("one"), envelope("two"), "2:{}"));
}

TEST(EdgeConnectStream, AHeldMessageLeavesWithoutAFurtherWrite) {
  World world;
  world.peer().set_give_credit(false);
  const std::uint32_t stream = world.begin("/test.Notes/Chat", kProto);
  // More than the windows that the client gives.
  constexpr std::size_t kMessages = 12;
  for (std::size_t i = 0; i < kMessages; ++i) {
    world.peer().send(data(stream, message(std::string(15'000, 'x'))));
    world.world().run_for(10ms);
  }
  EXPECT_LT(envelopes(world.peer().data_of(stream)).size(), kMessages);
  for (int i = 0; i < 20; ++i) {
    world.peer().send(testing::window_update(0, 10'000) + testing::window_update(stream, 10'000));
    world.world().run_for(10ms);
  }
  const std::vector<std::string> answers = envelopes(world.peer().data_of(stream));
  ASSERT_EQ(answers.size(), kMessages);
  EXPECT_EQ(answers.back(), envelope(std::string(15'000, 'x')));
  // The handler reads.
  EXPECT_EQ(world.server().active_calls(), 1U);
}

TEST(EdgeConnectStream, ErrorsAreAtTheEnd) {
  World world;
  const Answer early = world.post("/test.Notes/Expand", kProto, message("fail"));
  EXPECT_EQ(early.status(), "200");
  EXPECT_THAT(envelopes(early.body),
              ElementsAre(R"(2:{"error":{"code":"not_found","message":"nothing here"}})"));
  const Answer late = world.post("/test.Notes/Expand", kProto, message("!"));
  EXPECT_THAT(envelopes(late.body),
              ElementsAre(envelope("!"), R"(2:{"error":{"code":"aborted","message":"midway"},)"
                                         R"("metadata":{"x-tail":["b"]}})"));
}

TEST(EdgeConnectStream, UnknownPathsAreErrorsOfAStream) {
  World world;
  const Answer answer = world.post("/test.Notes/None", kProto, "");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_THAT(envelopes(answer.body)[0], HasSubstr(R"(2:{"error":{"code":"unimplemented")"));
}

TEST(EdgeConnectStream, DeadlinesEndAStream) {
  World world;
  const std::uint32_t stream =
      world.begin("/test.Notes/Expand", kProto, {{"connect-timeout-ms", "50"}});
  world.send(stream, message("as"));
  EXPECT_THAT(envelopes(world.answer(stream).body)[2],
              HasSubstr(R"(2:{"error":{"code":"deadline_exceeded")"));
}

TEST(EdgeConnectStream, CompressionIsByMessage) {
  World world;
  const std::string packed =
      codec::compress(Compression::Zstd, note("gzip").SerializeAsString())->to_string();
  const Answer answer =
      world.post("/test.Notes/Expand", kProto, grpc_message(packed, true),
                 {{"connect-content-encoding", "zstd"}, {"connect-accept-encoding", "gzip"}});
  EXPECT_EQ(answer.field("connect-content-encoding"), "gzip");
  const auto parts = envelopes(answer.body);
  ASSERT_EQ(parts.size(), 5U);
  EXPECT_EQ("0:" + codec::decompress(Compression::Gzip, parts[0].substr(2), 100)->to_string(),
            envelope("g"));
  EXPECT_THAT(parts[4], HasSubstr("2:{"));
}

TEST(EdgeConnectStream, UnaryMethodsAre415) {
  World world;
  const Answer answer = world.post("/test.Notes/Echo", kProto, message("x"));
  EXPECT_EQ(answer.status(), "415");
  EXPECT_EQ(answer.field("accept-post"), "application/proto, application/json");
  EXPECT_THAT(answer.body, HasSubstr("streams nothing"));
  EXPECT_EQ(world.post("/test.Notes/Expand", "application/connect+xml", "").status(), "415");
  EXPECT_EQ(world.post("/test.Notes/Expand", "application/json", "{}").field("accept-post"),
            "application/connect+proto, application/connect+json");
}

TEST(EdgeConnectStream, ContentThatIsCutOffIsAnError) {
  World world;
  const Answer answer = world.post("/test.Notes/Collect", kProto, message("abc").substr(0, 7));
  EXPECT_THAT(envelopes(answer.body)[0], HasSubstr(R"("code":"invalid_argument")"));
}

}  // namespace
}  // namespace weft::edge
