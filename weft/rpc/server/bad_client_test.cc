// What a server does with a client that does not speak gRPC, or does not speak it right. Each time
// another connection has to go on.

#include <string>

#include <gtest/gtest.h>

#include "weft/base/rng.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::ErrorCode;
using http2::FrameType;
using test::Kinds;
using test::Text;
using test::text;
using testing::EndStream;
using testing::Fields;
using testing::Frame;
using testing::grpc_message;
using testing::grpc_request;
using testing::InProcess;
using testing::ScriptedPeer;

class BadClient : public ::testing::Test {
 protected:
  BadClient() { world.add<Kinds>(); }
  void SetUp() override { expect_serving(); }
  void TearDown() override { expect_serving(); }

  /// A well-behaved client on a connection of its own is served.
  void expect_serving() {
    const Text request = text("still there?");
    const Result<Text> reply = world.run(test::unary(world.channel(), request, {.timeout = 1s}));
    EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  }
  std::unique_ptr<ScriptedPeer> connect() {
    return ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  }
  std::unique_ptr<ScriptedPeer> connect_silently() {
    return ScriptedPeer::connect_silently(world.client_host(), "server", InProcess::kPort);
  }
  /// Sends a request on stream 1 and returns the frame that ends the response.
  Frame answer_to(const Fields& fields, const std::string& body = grpc_message("")) {
    peer = connect();
    peer->send(testing::headers(1, fields) + testing::data(1, body, EndStream::Yes));
    return peer->expect_end(1);
  }

  InProcess world;
  std::unique_ptr<ScriptedPeer> peer;
};

Fields without(Fields fields, std::string_view name) {
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}

Fields with(Fields fields, const std::string& name, const std::string& value) {
  fields = without(std::move(fields), name);
  const auto place = name.starts_with(':') ? fields.begin() : fields.end();
  fields.insert(place, {name, value});
  return fields;
}

const Fields kUnary = grpc_request("/test.Kinds/Unary");

TEST_F(BadClient, AWellFormedRequestByHandIsServed) {
  const Frame end = answer_to(kUnary, grpc_message("\x0a\x02hi"));
  EXPECT_EQ(end.field("grpc-status"), "0") << peer->log();
  EXPECT_EQ(peer->data_of(1), grpc_message("\x0a\x02hi"));
}

TEST_F(BadClient, ForeignBytesGetAGoawayThatSaysSo) {
  peer = connect_silently();
  peer->send("GET / HTTP/1.1\r\nHost: server\r\nConnection: keep-alive\r\n\r\n");
  const Frame& goaway = peer->expect(FrameType::Goaway);
  EXPECT_EQ(goaway.error(), ErrorCode::ProtocolError);
  EXPECT_NE(goaway.payload.find("HTTP/1"), std::string::npos) << goaway.to_string();
  peer->expect_closed();
}

TEST_F(BadClient, ATlsHelloOnAPlaintextPortIsNamed) {
  peer = connect_silently();
  peer->send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) +
             std::string(512, '\x2a'));
  const Frame& goaway = peer->expect(FrameType::Goaway);
  EXPECT_NE(goaway.payload.find("TLS"), std::string::npos) << goaway.to_string();
  peer->expect_closed();
}

TEST_F(BadClient, RandomBytesEndTheConnection) {
  Rng rng(7);
  for (int round = 0; round < 20; ++round) {
    peer = connect_silently();
    std::string noise(1 + rng.below(4000), '\0');
    for (char& byte : noise) byte = static_cast<char>(rng.below(256));
    if (round % 2 != 0) noise.insert(0, testing::client_preface());
    peer->send(noise);
    world.run_for(1s);
    // With a preface, what looks like part of a long frame may be waited for.
    peer->close();
    world.run_for(1s);
    EXPECT_EQ(world.server().active_connections(), 1U) << "round " << round;
  }
}

TEST_F(BadClient, VanishingMidMessageCancelsTheCall) {
  for (const std::size_t cut : {0, 3, 7, 40, 60, 66, 70}) {
    peer = connect_silently();
    const std::string bytes = testing::client_preface() +
                              testing::headers(1, grpc_request("/test.Kinds/Collect")) +
                              testing::data(1, grpc_message(std::string(100, 'x')));
    peer->send(std::string_view(bytes).substr(0, bytes.size() - cut));
    world.run_for(100ms);
    peer->close();
    world.run_for(100ms);
    EXPECT_EQ(world.server().active_calls(), 0U);
    EXPECT_EQ(world.server().active_connections(), 1U);
  }
}

// What the server counted for a connection was not taken off when that ended.
TEST(OneClientAfterAnother, IsServedHoweverManyThereWere) {
  ServerOptions options;
  options.max_memory = std::size_t{1024} * 1024;
  InProcess world({.server = options});
  world.add<Kinds>();
  static_cast<void>(world.channel());  // the server starts
  for (int i = 0; i < 1000; ++i) {
    auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
    peer->send(testing::headers(1, kUnary) + testing::data(1, grpc_message(""), EndStream::Yes));
    ASSERT_EQ(peer->expect_end(1).field("grpc-status"), "0") << i << "\n" << peer->log();
    peer->close();
    world.run_for(1ms);
  }
}

/// 100 calls that wait for their first message.
std::string many_calls() {
  std::string bytes;
  for (std::uint32_t id = 1; id < 201; id += 2) {
    bytes += testing::headers(id, grpc_request("/test.Kinds/Collect"));
  }
  return bytes;
}

TEST_F(BadClient, ThatBreaksTheProtocolLosesItsManyCalls) {
  peer = connect();
  peer->send(many_calls());
  world.run_for(100ms);
  EXPECT_EQ(world.server().active_calls(), 100U);
  peer->send(testing::data(0, "x"));
  world.run_for(100ms);
  EXPECT_EQ(peer->expect(FrameType::Goaway).error(), ErrorCode::ProtocolError);
  EXPECT_EQ(world.server().active_calls(), 0U);
  peer->expect_closed();
  peer->close();
  world.run_for(100ms);
  EXPECT_EQ(world.server().active_connections(), 1U);
}

TEST_F(BadClient, LosesItsCallsWhenItBreaksTheProtocol) {
  peer = connect();
  peer->send(many_calls() + testing::data(0, "x"));
  world.run_for(1us);
  peer->close();
  world.run_for(100ms);
  EXPECT_EQ(world.server().active_calls(), 0U);
  EXPECT_EQ(world.server().active_connections(), 1U);
}

TEST_F(BadClient, ThatIsGoneLosesItsManyCalls) {
  peer = connect();
  peer->send(many_calls());
  world.run_for(100ms);
  EXPECT_EQ(world.server().active_calls(), 100U);
  peer->close();
  world.run_for(100ms);
  EXPECT_EQ(world.server().active_calls(), 0U);
  EXPECT_EQ(world.server().active_connections(), 1U);
}

TEST_F(BadClient, AMessageThatDoesNotParseIsInternal) {
  const Frame end = answer_to(kUnary, grpc_message("\x0a\x7f"));
  EXPECT_EQ(end.field("grpc-status"), "13") << peer->log();
  EXPECT_NE(end.field("grpc-message").find("google.protobuf.BytesValue"), std::string_view::npos)
      << end.field("grpc-message");
}

TEST_F(BadClient, AnUnparsableStreamMessageIsInternal) {
  const Frame end = answer_to(grpc_request("/test.Kinds/Collect"),
                              grpc_message("\x0a\x02hi") + grpc_message("\x0a\x7f"));
  EXPECT_EQ(end.field("grpc-status"), "13") << peer->log();
}

TEST_F(BadClient, AnUnknownMethodIsUnimplementedWithThoseThereAre) {
  const Frame end = answer_to(grpc_request("/test.Kinds/Unari"));
  EXPECT_EQ(end.field("grpc-status"), "12");
  EXPECT_EQ(end.field("grpc-message"),
            "service test.Kinds has no method 'Unari'; it has Unary Collect Expand Chat");
}

TEST_F(BadClient, AnUnknownServiceIsUnimplemented) {
  const Frame end = answer_to(grpc_request("/nobody.There/Go"));
  EXPECT_EQ(end.field("grpc-status"), "12");
  EXPECT_EQ(end.field("grpc-message"), "no service 'nobody.There' here");
}

TEST_F(BadClient, APathOfAnotherFormIsUnimplemented) {
  for (const std::string path : {"/", "/x", "//", "/a/b/c", "/test.Kinds/", "/test.Kinds"}) {
    const Frame end = answer_to(grpc_request(path));
    EXPECT_EQ(end.field("grpc-status"), "12") << path << "\n" << peer->log();
  }
}

TEST_F(BadClient, Http2RefusesAnInvalidPath) {
  const Frame end = answer_to(grpc_request("test.Kinds/Unary"));
  if (end.type == FrameType::RstStream) {
    EXPECT_EQ(end.error(), ErrorCode::ProtocolError);
  } else {
    EXPECT_EQ(end.field("grpc-status"), "12");
  }
}

TEST_F(BadClient, AnotherContentTypeIs415) {
  for (const std::string type : {"application/json", "application/grpcx", "text/html", ""}) {
    const Frame end = answer_to(with(kUnary, "content-type", type));
    EXPECT_EQ(peer->frames().empty(), false);
    const Frame& first = peer->expect(FrameType::Headers, 1);
    EXPECT_EQ(first.field(":status"), "415") << type;
    EXPECT_EQ(end.field("grpc-status"), "");
  }
  answer_to(without(kUnary, "content-type"));
  EXPECT_EQ(peer->expect(FrameType::Headers, 1).field(":status"), "415");
}

TEST_F(BadClient, ContentTypesOfGrpcWithASuffixAreServed) {
  for (const std::string type :
       {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
        "application/grpc ; x", "Application/gRPC+Proto"}) {
    EXPECT_EQ(answer_to(with(kUnary, "content-type", type)).field("grpc-status"), "0") << type;
  }
}

TEST_F(BadClient, MessagesOfAnotherFormatAreUnimplemented) {
  for (const std::string type : {"application/grpc+foo", "application/grpc+json"}) {
    const Frame end = answer_to(with(kUnary, "content-type", type));
    EXPECT_EQ(peer->expect(FrameType::Headers, 1).field(":status"), "200");
    EXPECT_EQ(end.field("grpc-status"), "12") << peer->log();
    EXPECT_EQ(end.field("grpc-message"),
              "content-type " + type +
                  " is not served; served are application/grpc, application/grpc+proto");
  }
}

TEST_F(BadClient, AGetIs405) {
  peer = connect();
  peer->send(testing::headers(1, with(kUnary, ":method", "GET"), EndStream::Yes));
  EXPECT_EQ(peer->expect(FrameType::Headers, 1).field(":status"), "405");
  peer->expect_end(1);
  EXPECT_EQ(peer->data_of(1), "method 'GET' is not POST; this port serves gRPC\n");
}

TEST_F(BadClient, AHeadIs405WithoutContent) {
  peer = connect();
  peer->send(testing::headers(1, with(kUnary, ":method", "HEAD"), EndStream::Yes));
  EXPECT_EQ(peer->expect(FrameType::Headers, 1).field(":status"), "405");
  peer->expect_end(1);
  EXPECT_FALSE(peer->has(FrameType::Data, 1));
}

TEST_F(BadClient, ReadsAForeignRequestToItsEnd) {
  peer = connect();
  peer->send(
      testing::headers(1, with(with(kUnary, "content-type", "text/html"), "content-length", "3")));
  EXPECT_EQ(peer->expect(FrameType::Headers, 1).field(":status"), "415");
  EXPECT_FALSE(peer->has(FrameType::RstStream, 1));
  peer->send(testing::data(1, "four"));
  EXPECT_EQ(peer->expect(FrameType::RstStream, 1).error(), ErrorCode::ProtocolError);
}

TEST_F(BadClient, SendingUnwantedDataIsStoppedByAReset) {
  peer = connect();
  peer->send(testing::headers(1, with(kUnary, "content-type", "text/html")));
  peer->expect(FrameType::Headers, 1);
  for (int i = 0; i < 5; ++i) peer->send(testing::data(1, std::string(16000, 'x')));
  EXPECT_EQ(peer->expect(FrameType::RstStream, 1).error(), ErrorCode::NoError);
}

TEST_F(BadClient, FewRequestsThatAreNotGrpcStayOpen) {
  peer = connect();
  for (std::uint32_t id = 1; id < 19; id += 2) {
    peer->send(testing::headers(id, with(kUnary, ":method", "GET")));
  }
  EXPECT_EQ(peer->expect(FrameType::RstStream).stream_id, 1U);
  EXPECT_FALSE(peer->has(FrameType::RstStream, 3));
}

TEST(ARequestThatIsNotGrpc, DoesNotHoldUpADrain) {
  InProcess world;
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->send(testing::headers(1, with(kUnary, ":method", "GET")));
  peer->expect(FrameType::Headers, 1);
  const TimePoint begun = world.now();
  world.run(world.server().shutdown(1h));
  EXPECT_EQ(peer->expect(FrameType::RstStream, 1).error(), ErrorCode::NoError);
  EXPECT_LT(world.now(), begun + 1min);
}

// gRPC's page asks for `te: trailers` so that proxies that drop trailers are found out; a request
// that came through without it was not hurt.
TEST_F(BadClient, ARequestWithoutTeIsServed) {
  EXPECT_EQ(answer_to(without(kUnary, "te")).field("grpc-status"), "0");
}

TEST_F(BadClient, AMalformedTimeoutIsNamed) {
  for (const std::string timeout : {"", "1", "m", "1x", "-1S", "123456789n", "1 S", "0x1S"}) {
    const Frame end = answer_to(with(kUnary, "grpc-timeout", timeout));
    EXPECT_EQ(end.field("grpc-status"), "3") << timeout;
    EXPECT_EQ(end.field("grpc-message"), "grpc-timeout '" + timeout +
                                             "' is not one to eight digits and a unit of H M S m "
                                             "u n");
  }
}

TEST_F(BadClient, ATimeoutOfNothingHasPassed) {
  EXPECT_EQ(answer_to(with(kUnary, "grpc-timeout", "0n")).field("grpc-status"), "4");
}

TEST_F(BadClient, BinaryMetadataThatIsNotBase64IsNamed) {
  const Frame end = answer_to(with(kUnary, "trace-bin", "!!!"));
  EXPECT_EQ(end.field("grpc-status"), "13");
  EXPECT_EQ(end.field("grpc-message"), "metadata 'trace-bin' is not valid base64");
}

TEST_F(BadClient, RefusesATooLargeMessageByItsPrefix) {
  peer = connect();
  peer->send(testing::headers(1, kUnary) + testing::data(1, std::string("\0\x7f\xff\xff\xff", 5)));
  const Frame end = peer->expect_end(1);
  EXPECT_EQ(end.field("grpc-status"), "8");
  EXPECT_EQ(end.field("grpc-message"),
            "a message of 2147483647 bytes is larger than the limit of 4194304 bytes "
            "(max_receive_size)");
}

TEST_F(BadClient, TwoRequestsWhereOneIsDueAreUnimplemented) {
  const Frame end = answer_to(kUnary, grpc_message("") + grpc_message(""));
  EXPECT_EQ(end.field("grpc-status"), "12") << peer->log();
  EXPECT_EQ(end.field("grpc-message"), "the method takes one message, but a second one came");
}

// gRPC's table of status codes, also for who sends the second after a while.
TEST_F(BadClient, ASecondRequestIsUnimplementedWheneverItComes) {
  for (const std::string method : {"/test.Kinds/Unary", "/test.Kinds/Expand"}) {
    for (const std::size_t split : {0, 3}) {
      const std::string second = grpc_message("\x0a\x02hi");
      peer = connect();
      peer->send(testing::headers(1, grpc_request(method)) +
                 testing::data(1, grpc_message("\x0a\x02hi") + second.substr(0, split)));
      world.run_for(100ms);
      EXPECT_EQ(peer->has(FrameType::Headers, 1), split != 0) << peer->log();
      peer->send(testing::data(1, second.substr(split), EndStream::Yes));
      const Frame end = peer->expect_end(1);
      EXPECT_EQ(end.field("grpc-status"), "12") << method << "\n" << peer->log();
      EXPECT_EQ(end.field("grpc-message"), "the method takes one message, but a second one came");
      EXPECT_EQ(peer->data_of(1), "");
    }
  }
}

TEST_F(BadClient, ARequestIsServedWhenItsClientHasHalfClosed) {
  for (const std::string method : {"/test.Kinds/Unary", "/test.Kinds/Expand"}) {
    peer = connect();
    peer->send(testing::headers(1, grpc_request(method)));
    world.run_for(10ms);
    peer->send(testing::data(1, grpc_message("\x0a\x01h")));
    world.run_for(100ms);
    EXPECT_FALSE(peer->has(FrameType::Headers, 1)) << peer->log();
    peer->send(testing::data(1, "", EndStream::Yes));
    EXPECT_EQ(peer->expect_end(1).field("grpc-status"), "0") << peer->log();
    EXPECT_EQ(peer->data_of(1), grpc_message("\x0a\x01h"));
  }
}

TEST_F(BadClient, ARequestWhoseClientNeverHalfClosesMeetsItsDeadline) {
  peer = connect();
  peer->send(testing::headers(1, with(kUnary, "grpc-timeout", "1S")) +
             testing::data(1, grpc_message("")));
  EXPECT_EQ(peer->expect_end(1).field("grpc-status"), "4") << peer->log();
}

TEST_F(BadClient, NoRequestWhereOneIsDueIsUnimplemented) {
  EXPECT_EQ(answer_to(kUnary, "").field("grpc-status"), "12");
  peer = connect();
  peer->send(testing::headers(1, kUnary, EndStream::Yes));
  const Frame end = peer->expect_end(1);
  EXPECT_EQ(end.field("grpc-status"), "12");
  EXPECT_EQ(end.field("grpc-message"),
            "the method takes one request, but the stream ended without any");
}

TEST_F(BadClient, AStreamThatEndsInsideAMessageIsInternal) {
  const Frame end = answer_to(kUnary, grpc_message("12345678").substr(0, 9));
  EXPECT_EQ(end.field("grpc-status"), "13");
  EXPECT_EQ(end.field("grpc-message"),
            "the stream ended inside a message: 9 bytes of it had arrived");
}

TEST_F(BadClient, AnUnknownFlagByteIsInternal) {
  const Frame end = answer_to(kUnary, std::string("\2\0\0\0\0", 5));
  EXPECT_EQ(end.field("grpc-status"), "13");
}

TEST_F(BadClient, ACompressedFlagWithoutEncodingIsInternal) {
  const Frame end = answer_to(kUnary, grpc_message("x", true));
  EXPECT_EQ(end.field("grpc-status"), "13");
  EXPECT_EQ(end.field("grpc-message"),
            "a message has its compressed flag set, but the stream has no grpc-encoding");
}

TEST_F(BadClient, AnUnknownEncodingIsUnimplementedWithTheAcceptedOnes) {
  const Frame end = answer_to(with(kUnary, "grpc-encoding", "snappy"));
  EXPECT_EQ(end.field("grpc-status"), "12");
  EXPECT_EQ(end.field("grpc-accept-encoding"), "identity, gzip, deflate, zstd");
  EXPECT_NE(end.field("grpc-message").find("'snappy' is not supported"), std::string_view::npos);
}

TEST_F(BadClient, BytesThatDoNotDecompressAreInternal) {
  const Frame end =
      answer_to(with(kUnary, "grpc-encoding", "gzip"), grpc_message("not gzip at all", true));
  EXPECT_EQ(end.field("grpc-status"), "13");
  EXPECT_NE(end.field("grpc-message").find("gzip"), std::string_view::npos);
}

TEST_F(BadClient, ABrokenHeaderBlockEndsTheConnectionWithCompressionError) {
  peer = connect();
  peer->send(testing::frame(FrameType::Headers, 0x5, 1, "\xff\xff\xff\xff\xff\xff"));
  EXPECT_EQ(peer->expect(FrameType::Goaway).error(), ErrorCode::CompressionError);
  peer->expect_closed();
}

TEST_F(BadClient, AFrameForAnIdleStreamEndsTheConnection) {
  peer = connect();
  peer->send(testing::data(5, "x"));
  EXPECT_EQ(peer->expect(FrameType::Goaway).error(), ErrorCode::ProtocolError);
  peer->expect_closed();
}

TEST_F(BadClient, ARuleBrokenOnAStreamEndsThatStreamAlone) {
  peer = connect();
  peer->send(testing::headers(1, with(kUnary, "connection", "close")));
  EXPECT_EQ(peer->expect(FrameType::RstStream, 1).error(), ErrorCode::ProtocolError);
  peer->send(testing::headers(3, kUnary) + testing::data(3, grpc_message(""), EndStream::Yes));
  EXPECT_EQ(peer->expect_end(3).field("grpc-status"), "0");
}

TEST_F(BadClient, AContentLengthThatDoesNotFitEndsTheCall) {
  peer = connect();
  peer->send(testing::headers(1, with(grpc_request("/test.Kinds/Collect"), "content-length", "3")));
  world.run_for(10ms);
  EXPECT_EQ(world.server().active_calls(), 1U);
  peer->send(testing::data(1, grpc_message("x")));
  EXPECT_EQ(peer->expect_end(1).error(), ErrorCode::ProtocolError);
  world.run_for(10ms);
  EXPECT_EQ(world.server().active_calls(), 0U);
}

TEST_F(BadClient, RequestMetadataBeyondTheLimitIsResourceExhausted) {
  const Frame end = answer_to(grpc_request("/test.Kinds/Unary", Fields(600, {"many", "of them"})));
  EXPECT_EQ(end.field("grpc-status"), "8");
  EXPECT_EQ(end.field("grpc-message"),
            "request metadata is larger than the limit of 16384 bytes "
            "(ServerOptions::max_metadata_size)");
}

TEST_F(BadClient, RequestTrailersEndTheRequest) {
  peer = connect();
  peer->send(testing::headers(1, kUnary) + testing::data(1, grpc_message("")) +
             testing::headers(1, {{"anything", "at all"}}, EndStream::Yes));
  EXPECT_EQ(peer->expect_end(1).field("grpc-status"), "0");
}

}  // namespace
}  // namespace weft::rpc
