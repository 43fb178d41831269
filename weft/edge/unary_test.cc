// Unary calls of Connect, and plain JSON.

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/codec/compression.h"
#include "weft/edge/internal/test_edge.h"

namespace weft::edge {
namespace {

using test::Answer;
using test::note;
using test::World;
using testing::data;
using testing::EndStream;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string packed(Compression compression, std::string_view text) {
  return codec::compress(compression, text)->to_string();
}

TEST(EdgeUnary, JsonIsAnsweredInJson) {
  World world;
  const Answer answer = world.echo("hello");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), "application/json");
  EXPECT_EQ(answer.field("content-length"), "20");
  EXPECT_EQ(answer.body, R"({"fileName":"hello"})");
}

TEST(EdgeUnary, ProtobufIsAnsweredInProtobuf) {
  World world;
  const Answer answer =
      world.post("/test.Notes/Echo", "application/proto", note("hello").SerializeAsString());
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("content-type"), "application/proto");
  EXPECT_EQ(answer.body, note("hello").SerializeAsString());
}

TEST(EdgeUnary, ContentTypesMayHaveParametersAndAnyCase) {
  World world;
  const Answer answer = world.post("/test.Notes/Echo", "Application/JSON; charset=utf-8", "{}");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.body, "{}");
}

TEST(EdgeUnary, ContentMayComeByteByByte) {
  World world;
  const std::uint32_t stream = world.begin("/test.Notes/Echo", "application/json");
  for (const char c : std::string(R"({"fileName":"slow"})")) {
    world.peer().send(data(stream, {&c, 1}));
    world.world().run_for(1ms);
  }
  world.peer().send(data(stream, "", EndStream::Yes));
  EXPECT_EQ(world.answer(stream).body, R"({"fileName":"slow"})");
}

TEST(EdgeUnary, LargeContentComesWhole) {
  World world;
  const std::string large(300'000, 'x');
  const Answer answer = world.echo(large);
  EXPECT_EQ(answer.body, "{\"fileName\":\"" + large + "\"}");
}

TEST(EdgeUnary, AnEmptyProtobufIsAMessage) {
  World world;
  const std::uint32_t stream =
      world.begin("/test.Notes/Echo", "application/proto", {}, "POST", EndStream::Yes);
  const Answer answer = world.answer(stream);
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.body, "");
}

TEST(EdgeUnary, MetadataAndTrailersAreFields) {
  World world;
  const Answer answer = world.echo("metadata");
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(answer.field("x-head"), "a");
  EXPECT_EQ(answer.field("x-head-bin"), "AP8");
  EXPECT_EQ(answer.field("trailer-x-tail"), "b");
}

TEST(EdgeUnary, RequestFieldsAreMetadata) {
  World world;
  const Answer answer = world.echo(
      "seen", {{"x-user", "me"}, {"x-raw-bin", "YWJj"}, {"connect-protocol-version", "1"}});
  EXPECT_EQ(answer.body, R"({"fileName":"me abc 2"})");
}

TEST(EdgeUnary, ErrorsAreJsonWithDetailsForAnyFormat) {
  World world;
  for (const std::string type : {"application/json", "application/proto"}) {
    const std::string body =
        type == "application/json" ? R"({"fileName":"fail"})" : note("fail").SerializeAsString();
    const Answer answer = world.post("/test.Notes/Echo", type, body);
    EXPECT_EQ(answer.status(), "404");
    EXPECT_EQ(answer.field("content-type"), "application/json");
    EXPECT_EQ(answer.field("trailer-x-tail"), "b");
    EXPECT_EQ(
        answer.body,
        R"({"code":"not_found","message":"no \"note\"\n)"
        "\xef\xbf\xbd"
        R"( here","details":[{"type":"google.protobuf.SourceContext","value":"CgZkZXRhaWw"}]})");
  }
}

TEST(EdgeUnary, ExceptionsKeepTheirText) {
  World world;
  const Answer answer = world.echo("throw");
  EXPECT_EQ(answer.status(), "500");
  EXPECT_EQ(answer.body, R"({"code":"internal","message":"the handler threw an exception"})");
}

TEST(EdgeUnary, UnknownPathsAreUnimplemented) {
  World world;
  const Answer method = world.post("/test.Notes/Ecko", "application/json", "{}");
  EXPECT_EQ(method.status(), "404");
  EXPECT_THAT(method.body, HasSubstr(R"("code":"unimplemented")"));
  EXPECT_THAT(method.body, HasSubstr("service test.Notes has no method 'Ecko'"));
  const Answer service = world.post("/a/b", "application/proto", "");
  EXPECT_EQ(service.status(), "404");
  EXPECT_EQ(service.body, R"({"code":"unimplemented","message":"no service 'a' here"})");
}

TEST(EdgeUnary, BadJsonIsTheCallersMistake) {
  World world;
  const Answer answer = world.post("/test.Notes/Echo", "application/json", R"({"fileName":7})");
  EXPECT_EQ(answer.status(), "400");
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"invalid_argument")"));
  EXPECT_THAT(answer.body, HasSubstr("fileName"));
  EXPECT_EQ(world.notes().calls, 0);
}

TEST(EdgeUnary, UnknownFormatsAre415) {
  World world;
  const Answer answer =
      world.post("/test.Notes/Echo", "application/xml", "", {{"connect-protocol-version", "1"}});
  EXPECT_EQ(answer.status(), "415");
  EXPECT_EQ(answer.field("accept-post"), "application/proto, application/json");
  EXPECT_THAT(answer.body, HasSubstr("the format 'xml' is not served"));
}

TEST(EdgeUnary, StreamingMethodsAre415) {
  World world;
  const Answer answer = world.post("/test.Notes/Expand", "application/json", "{}");
  EXPECT_EQ(answer.status(), "415");
  EXPECT_THAT(answer.body, HasSubstr("method /test.Notes/Expand streams messages"));
}

TEST(EdgeUnary, OtherRequestsToAMethodAreRefusedInJson) {
  World world;
  const Answer type = world.post("/test.Notes/Echo", "image/jpeg", "");
  EXPECT_EQ(type.status(), "415");
  EXPECT_EQ(type.field("accept-post"), "application/proto, application/json");
  EXPECT_EQ(type.body, R"({"code":"unknown","message":"content-type 'image/jpeg' is no protocol )"
                       R"(of this server"})");
  const Answer put = world.answer(world.begin("/test.Notes/Echo", "", {}, "PUT", EndStream::Yes));
  EXPECT_EQ(put.status(), "405");
  EXPECT_EQ(put.field("allow"), "GET, POST");
  const Answer head =
      world.answer(world.begin("/test.Notes/Write", "", {}, "HEAD", EndStream::Yes));
  EXPECT_EQ(head.status(), "405");
  EXPECT_EQ(head.field("allow"), "POST");
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(world.notes().calls, 0);
}

TEST(EdgeUnary, OtherRequestsAreNotTaken) {
  World world;
  EXPECT_EQ(world.post("/a/b/c", "application/json", "{}").status(), "415");
  EXPECT_EQ(world.post("/a", "application/json", "{}").status(), "415");
  EXPECT_EQ(world.answer(world.begin("/a/b", "", {}, "GET", EndStream::Yes)).status(), "405");
}

TEST(EdgeUnary, CompressedRequestsAreInflated) {
  World world;
  const std::string text = R"({"fileName":"small"})";
  for (const auto& [name, compression] : {std::pair("gzip", Compression::Gzip),
                                          {"deflate", Compression::Deflate},
                                          {"zstd", Compression::Zstd}}) {
    const Answer answer = world.post("/test.Notes/Echo", "application/json",
                                     packed(compression, text), {{"content-encoding", name}});
    EXPECT_EQ(answer.body, text) << name;
  }
}

TEST(EdgeUnary, UnknownEncodingsAreRefusedWithTheKnownOnes) {
  World world;
  const Answer answer = world.echo("x", {{"content-encoding", "br"}});
  EXPECT_EQ(answer.status(), "501");
  EXPECT_EQ(answer.field("accept-encoding"), "identity, gzip, deflate, zstd");
  EXPECT_THAT(answer.body, HasSubstr("content-encoding 'br' is not supported; accepted are "));
}

TEST(EdgeUnary, BrokenCompressionIsTheCallersMistake) {
  World world;
  const Answer answer = world.echo("x", {{"content-encoding", "gzip"}});
  EXPECT_EQ(answer.status(), "400");
  EXPECT_THAT(answer.body, HasSubstr("gzip"));
}

TEST(EdgeUnary, ResponsesAreCompressedWhereTheClientAccepts) {
  World world;
  const Answer plain = world.echo("gzip");
  EXPECT_EQ(plain.field("content-encoding"), "");
  const Answer small = world.echo("gzip", {{"accept-encoding", "br, gzip;q=0.5"}});
  EXPECT_EQ(small.field("content-encoding"), "gzip");
  EXPECT_LT(small.body.size(), 200U);
  EXPECT_EQ(codec::decompress(Compression::Gzip, small.body, 10'000)->to_string(), plain.body);
  EXPECT_EQ(world.echo("gzip", {{"accept-encoding", "gzip;q=0"}}).field("content-encoding"), "");
  EXPECT_EQ(world.echo("gzip", {{"accept-encoding", "gzip"}, {"accept-encoding", "br"}})
                .field("content-encoding"),
            "gzip");
}

TEST(EdgeUnary, LargerMessagesThanTheLimitAreRefused) {
  World world({.max_receive_size = 1000});
  const Answer answer = world.echo(std::string(2000, 'x'));
  EXPECT_EQ(answer.status(), "429");
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"resource_exhausted")"));
  EXPECT_THAT(answer.body, HasSubstr("larger than the limit of 1000 bytes (max_receive_size)"));
}

TEST(EdgeUnary, InflatedMessagesHaveTheSameLimit) {
  World world({.max_receive_size = 1000});
  const std::string text = "{\"fileName\":\"" + std::string(5000, 'x') + "\"}";
  const Answer answer = world.post("/test.Notes/Echo", "application/json",
                                   packed(Compression::Gzip, text), {{"content-encoding", "gzip"}});
  EXPECT_EQ(answer.status(), "429");
  EXPECT_THAT(answer.body, HasSubstr("limit of 1000 bytes"));
}

TEST(EdgeUnary, ResponsesHaveALimit) {
  World world({.max_send_size = 100});
  const Answer answer = world.echo(std::string(200, 'x'));
  EXPECT_EQ(answer.status(), "429");
  EXPECT_THAT(answer.body, HasSubstr("ServerOptions::max_send_size"));
}

TEST(EdgeUnary, DeepJsonIsRefused) {
  World world;
  std::string deep = R"({"fileName":)";
  deep.append(5000, '[');
  const Answer answer = world.post("/test.Notes/Echo", "application/json", deep);
  EXPECT_EQ(answer.status(), "400");
}

TEST(EdgeUnary, BinaryMetadataIsBase64) {
  World world;
  const Answer answer = world.echo("x", {{"x-raw-bin", "!"}});
  EXPECT_EQ(answer.status(), "400");
  EXPECT_THAT(answer.body, HasSubstr("x-raw-bin"));
}

TEST(EdgeUnary, MemoryOfAConnectionIsBounded) {
  World world({.max_connection_memory = 256 * 1024, .stream_window = 64 * 1024});
  const std::uint32_t stream = world.begin("/test.Notes/Echo", "application/json");
  world.send(stream, std::string(1'000'000, 'x'));
  EXPECT_EQ(world.peer().expect_end(stream).type, http2::FrameType::RstStream);
  EXPECT_EQ(world.notes().calls, 0);
  EXPECT_EQ(world.echo("next").status(), "200");
}

TEST(EdgeUnary, TimeoutsAreTheCallersDeadline) {
  World world;
  const Answer answer = world.echo("sleep", {{"connect-timeout-ms", "50"}});
  EXPECT_EQ(answer.status(), "504");
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"deadline_exceeded")"));
  EXPECT_EQ(world.notes().slept.code(), StatusCode::DeadlineExceeded);
}

TEST(EdgeUnary, DeadlinesDoNotWaitForTheHandler) {
  World world;
  const TimePoint begun = world.world().now();
  world.notes().until = begun + 1h;
  EXPECT_EQ(world.echo("stubborn", {{"connect-timeout-ms", "50"}}).status(), "504");
  EXPECT_LT(world.world().now() - begun, 1s);
  EXPECT_EQ(world.notes().ended, 0);
  world.world().run_for(2h);
  EXPECT_EQ(world.notes().ended, 1);
}

TEST(EdgeUnary, BadTimeoutsAreRefused) {
  World world;
  for (const std::string value : {"", "1s", "-1", "12345678901"}) {
    const Answer answer = world.echo("x", {{"connect-timeout-ms", value}});
    EXPECT_EQ(answer.status(), "400") << value;
    EXPECT_THAT(answer.body, HasSubstr("is not one to ten digits"));
  }
  EXPECT_EQ(world.echo("x", {{"connect-timeout-ms", "0"}}).status(), "504");
  EXPECT_EQ(world.notes().calls, 0);
}

TEST(EdgeUnary, HandlersAreCancelledWhenTheClientGoes) {
  World world;
  const std::uint32_t stream = world.begin("/test.Notes/Echo", "application/json");
  world.peer().send(data(stream, R"({"fileName":"sleep"})", EndStream::Yes));
  world.world().run_for(1s);
  world.peer().send(testing::rst_stream(stream, http2::ErrorCode::Cancel));
  world.world().run_for(1s);
  EXPECT_EQ(world.notes().ended, 1);
  EXPECT_EQ(world.notes().slept.code(), StatusCode::Cancelled);
}

TEST(EdgeUnary, ContentThatBreaksOffIsNoMessage) {
  World world;
  const std::uint32_t stream = world.begin("/test.Notes/Echo", "application/json");
  world.peer().send(data(stream, R"({"fileName":)"));
  world.world().run_for(1s);
  world.peer().send(testing::rst_stream(stream, http2::ErrorCode::Cancel));
  world.world().run_for(1s);
  EXPECT_EQ(world.notes().calls, 0);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST(EdgeUnary, MetadataThatHttpHasForItselfIsAnError) {
  World world;
  const Answer answer = world.echo("bad metadata");
  EXPECT_EQ(answer.status(), "500");
  EXPECT_THAT(answer.body, HasSubstr("'content-length'"));
}

TEST(EdgeUnary, MiddlewaresSeeTheCall) {
  World world;
  std::string seen;
  world.server().use([&seen](Call& call, Next next) {
    seen = std::string(call.path()) + " " +
           std::string(call.request_metadata().get("x-user").value_or(""));
    return next(call);
  });
  EXPECT_EQ(world.echo("x", {{"x-user", "me"}}).status(), "200");
  EXPECT_EQ(seen, "/test.Notes/Echo me");
}

TEST(EdgeUnary, MiddlewaresRefuseBeforeTheContent) {
  World world;
  world.server().use([](Call&, const Next&) { return Task<Status>(unauthenticated("who?")); });
  const std::uint32_t stream = world.begin("/test.Notes/Echo", "application/json");
  const Answer answer = world.answer(stream);
  EXPECT_EQ(answer.status(), "401");
  EXPECT_EQ(answer.body, R"({"code":"unauthenticated","message":"who?"})");
}

TEST(EdgeUnary, CountsOnceInTheLimitOfCalls) {
  World world({.max_calls = 1});
  EXPECT_EQ(world.echo("x").status(), "200");
  const std::uint32_t stream = world.begin("/test.Notes/Echo", "application/json");
  world.world().run_for(1s);
  EXPECT_EQ(world.echo("x").status(), "503");
  world.peer().send(data(stream, "{}", EndStream::Yes));
  EXPECT_EQ(world.answer(stream).status(), "200");
}

TEST(EdgeUnary, TracesComeWithTheCall) {
  World world;
  TraceContext trace;
  world.server().use([&trace](Call& call, Next next) {
    trace = std::as_const(call).context().trace();
    return next(call);
  });
  world.echo("x", {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  EXPECT_TRUE(trace.valid());
}

struct Watch final : Observer {
  void on_end(Call& call, const Status& status, const CallStats&) noexcept override {
    seen += std::string(call.path()) + " " + std::string(name_of(status.code())) + "\n";
  }
  void on_refusal(const RefusedCall& refused) noexcept override {
    seen += "refused " + std::string(refused.path) + "\n";
  }
  std::string seen;
};

TEST(EdgeUnary, ObserversSeeCallsAndRefusals) {
  World world;
  const auto watch = std::make_shared<Watch>();
  world.server().add(std::shared_ptr<Observer>(watch));
  world.echo("x");
  world.echo("fail");
  world.echo("x", {{"content-encoding", "br"}});
  EXPECT_EQ(watch->seen,
            "/test.Notes/Echo OK\n/test.Notes/Echo NOT_FOUND\nrefused /test.Notes/Echo\n");
}

TEST(EdgeUnary, ObserversSeeWhatTheClientIsTold) {
  World world;
  const auto watch = std::make_shared<Watch>();
  world.server().add(std::shared_ptr<Observer>(watch));
  world.post("/test.Notes/Echo", "application/json", "{");
  world.notes().until = world.world().now() + 1h;
  world.echo("stubborn", {{"connect-timeout-ms", "50"}});
  world.world().run_for(2h);
  EXPECT_EQ(watch->seen, "/test.Notes/Echo INVALID_ARGUMENT\n/test.Notes/Echo DEADLINE_EXCEEDED\n");
}

TEST(EdgeUnary, AStopWaitsForTheCall) {
  World world;
  const std::uint32_t stream = world.begin("/test.Notes/Echo", "application/json");
  world.world().run_for(1s);
  EXPECT_EQ(world.server().active_calls(), 1U);
  world.peer().send(data(stream, "{}", EndStream::Yes));
  EXPECT_EQ(world.answer(stream).status(), "200");
  EXPECT_EQ(world.server().active_calls(), 0U);
}

}  // namespace
}  // namespace weft::edge
