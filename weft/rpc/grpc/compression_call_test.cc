// Compression of messages, end to end and on the wire.

#include <string>

#include <gtest/gtest.h>

#include "weft/rpc/client/channel.h"
#include "weft/rpc/grpc/deframer.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::FrameType;
using test::Kinds;
using test::Text;
using test::text;
using testing::EndStream;
using testing::grpc_message;
using testing::grpc_request;
using testing::InProcess;
using testing::ScriptedPeer;

/// Compresses its responses as told.
struct Packs : Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text& request) override {
    context.set_compression(compression);
    return request;
  }
  Task<Status> Chat(ServerContext& context, Reader<Text>& reader, Writer<Text>& writer) override {
    context.set_compression(compression);
    return chat(reader, writer);
  }
  /// Every other response stays as it is.
  static Task<Status> chat(Reader<Text>& reader, Writer<Text>& writer) {
    bool plain = false;
    while (const std::optional<Text> message = co_await reader.read()) {
      if (!co_await writer.write(*message, {.uncompressed = plain})) co_return writer.status();
      plain = !plain;
    }
    co_return ok_status();
  }
  Compression compression = Compression::Identity;
};

class EachCompression : public ::testing::TestWithParam<Compression> {
 protected:
  EachCompression() : service(world.add<Packs>()) { world.start(); }
  InProcess world;
  Packs& service;
};

TEST_P(EachCompression, GoesBothWays) {
  service.compression = GetParam();
  for (const std::size_t size : {0, 1, 100, 100000}) {
    const Text request = text(std::string(size, 'z'));
    const CallOptions options{.compression = GetParam()};
    const Result<Text> reply = world.run(test::unary(world.channel(), request, options));
    ASSERT_TRUE(reply.ok()) << reply.status().to_string();
    EXPECT_TRUE(reply->value() == request.value());
  }
}

TEST_P(EachCompression, OfARequestIsOnTheWire) {
  testing::ScriptedServer server(world.network().host("scripted"), 1);
  Channel channel("scripted:1", {.compression = GetParam()});
  const Text request = text(std::string(10000, 'z'));
  Task<Result<Text>> call = test::unary(channel, request, {.timeout = 100ms});
  static_cast<void>(world.run(std::move(call)));
  ScriptedPeer& peer = server.accept();
  const testing::Frame& headers = peer.expect(FrameType::Headers, 1);
  EXPECT_EQ(headers.field("grpc-accept-encoding"), "identity, gzip, deflate, zstd");
  const std::string body = peer.data_of(1);
  if (GetParam() == Compression::Identity) {
    EXPECT_EQ(headers.field("grpc-encoding"), "");
    EXPECT_EQ(body, grpc_message(request.SerializeAsString()));
    return;
  }
  EXPECT_EQ(headers.field("grpc-encoding"), name_of(GetParam()));
  ASSERT_GT(body.size(), kMessagePrefix);
  EXPECT_EQ(body[0], '\1');
  EXPECT_LT(body.size(), 1000U);
  const Result<Bytes> plain =
      codec::decompress(GetParam(), std::string_view(body).substr(kMessagePrefix), 20000);
  ASSERT_TRUE(plain.ok()) << plain.status().to_string();
  EXPECT_EQ(plain->view(), request.SerializeAsString());
}

TEST_P(EachCompression, OfAResponseNeedsTheClientsAcceptance) {
  service.compression = GetParam();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  const std::string request = text(std::string(10000, 'z')).SerializeAsString();
  const testing::Fields accept = {
      {"grpc-accept-encoding", "br, " + std::string(name_of(GetParam())) + " ,identity"}};
  peer->send(testing::headers(1, grpc_request("/test.Kinds/Unary", accept)) +
             testing::data(1, grpc_message(request), EndStream::Yes));
  EXPECT_EQ(peer->expect_end(1).field("grpc-status"), "0");
  const testing::Frame& headers = peer->expect(FrameType::Headers, 1);
  if (GetParam() == Compression::Identity) {
    EXPECT_EQ(headers.field("grpc-encoding"), "");
    EXPECT_EQ(peer->data_of(1), grpc_message(request));
  } else {
    EXPECT_EQ(headers.field("grpc-encoding"), name_of(GetParam()));
    EXPECT_LT(peer->data_of(1).size(), 1000U);
    EXPECT_EQ(peer->data_of(1)[0], '\1');
  }
}

TEST_P(EachCompression, ThatTheClientDoesNotAcceptIsPassedOver) {
  service.compression = GetParam();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->send(testing::headers(1, grpc_request("/test.Kinds/Unary")) +
             testing::data(1, grpc_message("\x0a\x01x"), EndStream::Yes));
  EXPECT_EQ(peer->expect_end(1).field("grpc-status"), "0");
  EXPECT_EQ(peer->expect(FrameType::Headers, 1).field("grpc-encoding"), "");
  EXPECT_EQ(peer->data_of(1), grpc_message("\x0a\x01x"));
}

INSTANTIATE_TEST_SUITE_P(Encodings, EachCompression,
                         ::testing::Values(Compression::Identity, Compression::Gzip,
                                           Compression::Deflate, Compression::Zstd));

TEST(CompressionOfCalls, OfARequestStopsInflatingAtTheLimit) {
  InProcess world({.server = {.max_receive_size = 100000}});
  world.add<Kinds>();
  for (const Compression compression :
       {Compression::Gzip, Compression::Deflate, Compression::Zstd}) {
    const Text bomb = text(std::string(10 * 1024 * 1024, '\0'));
    const CallOptions options{.compression = compression};
    const Result<Text> reply = world.run(test::unary(world.channel(), bomb, options));
    EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
    EXPECT_NE(reply.status().message().find("100000"), std::string::npos)
        << reply.status().to_string();
  }
  EXPECT_TRUE(world.run(test::unary(world.channel(), text("small"))).ok());
}

TEST(CompressionOfCalls, OfAResponseStopsInflatingAtTheLimit) {
  InProcess world({.channel = {.max_receive_size = 100000}});
  world.add<Packs>().compression = Compression::Gzip;
  const Text bomb = text(std::string(1024 * 1024, '\0'));
  const Result<Text> reply = world.run(test::unary(world.channel(), bomb));
  EXPECT_EQ(reply.status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(reply.status().origin(), Origin::Local);
}

TEST(CompressionOfCalls, MayBeLeftOutForAMessage) {
  InProcess world;
  world.add<Packs>().compression = Compression::Gzip;
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  const std::string message = text(std::string(1000, 'z')).SerializeAsString();
  peer->send(
      testing::headers(1, grpc_request("/test.Kinds/Chat", {{"grpc-accept-encoding", "gzip"}})) +
      testing::data(1, grpc_message(message) + grpc_message(message), EndStream::Yes));
  peer->expect_end(1);
  const std::string body = peer->data_of(1);
  EXPECT_EQ(body[0], '\1');
  EXPECT_TRUE(body.ends_with(grpc_message(message)));
}

TEST(CompressionOfCalls, OfAnEncodingNobodyKnowsNamesTheAcceptedOnes) {
  InProcess world;
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  peer->send(testing::headers(1, grpc_request("/test.Kinds/Chat", {{"grpc-encoding", "br"}})));
  const testing::Frame& end = peer->expect_end(1);
  EXPECT_EQ(end.field("grpc-status"), "12");
  EXPECT_EQ(end.field("grpc-accept-encoding"), "identity, gzip, deflate, zstd");
}

TEST(CompressionOfCalls, OfAnEncodingThatIsSwitchedOffIsUnimplemented) {
  InProcess world({.server = {.accepted_compressions = {Compression::Gzip}}});
  world.add<Kinds>();
  const Result<Text> gzip =
      world.run(test::unary(world.channel(), text("a"), {.compression = Compression::Gzip}));
  EXPECT_TRUE(gzip.ok()) << gzip.status().to_string();
  const Result<Text> zstd =
      world.run(test::unary(world.channel(), text("a"), {.compression = Compression::Zstd}));
  EXPECT_EQ(zstd.status().code(), StatusCode::Unimplemented);
  EXPECT_NE(zstd.status().message().find("accepted are identity, gzip"), std::string_view::npos)
      << zstd.status().to_string();
}

TEST(CompressionOfCalls, OfResponsesIsWhatTheChannelAccepts) {
  InProcess world({.channel = {.accepted_compressions = {Compression::Deflate}}});
  world.add<Packs>().compression = Compression::Gzip;
  EXPECT_TRUE(world.run(test::unary(world.channel(), text("a"))).ok());
  testing::ScriptedServer server(world.network().host("scripted"), 1);
  Channel channel("scripted:1", {.accepted_compressions = {Compression::Deflate}});
  const Text request = text("a");
  Task<Result<Text>> call = test::unary(channel, request, {.timeout = 100ms});
  static_cast<void>(world.run(std::move(call)));
  EXPECT_EQ(server.accept().expect(FrameType::Headers, 1).field("grpc-accept-encoding"),
            "identity, deflate");
}

TEST(CompressionOfCalls, MayBeLimitedInItsRatio) {
  InProcess world({.server = {.max_decompression_ratio = 20}});
  world.add<Kinds>();
  std::string even;
  for (int i = 0; even.size() < 200'000; ++i) even += std::to_string(i * 7919) + " ";
  const CallOptions gzip{.compression = Compression::Gzip};
  EXPECT_TRUE(world.run(test::unary(world.channel(), text(even), gzip)).ok());
  EXPECT_TRUE(world.run(test::unary(world.channel(), text(std::string(60'000, 'z')), gzip)).ok());
  const Result<Text> zeros =
      world.run(test::unary(world.channel(), text(std::string(200'000, 'z')), gzip));
  EXPECT_EQ(zeros.status().code(), StatusCode::ResourceExhausted);
  EXPECT_NE(zeros.status().message().find("max_decompression_ratio"), std::string_view::npos)
      << zeros.status().to_string();
}

// Larger than what is decompressed in the turn of the message's arrival.
TEST(CompressionOfCalls, OfLargeMessagesKeepsTheirOrder) {
  InProcess world;
  world.add<Kinds>();
  world.start();
  auto peer = ScriptedPeer::connect(world.client_host(), "server", InProcess::kPort);
  std::string bytes;
  for (int i = 0; i < 6; ++i) {
    const std::size_t size = i % 2 == 0 ? 300'000 : 10;
    const std::string message =
        text(std::string(size, static_cast<char>('a' + i))).SerializeAsString();
    bytes += grpc_message(codec::compress(Compression::Zstd, message)->view(), true);
  }
  peer->send(testing::window_update(0, 4'000'000) +
             testing::headers(1, grpc_request("/test.Kinds/Collect", {{"grpc-encoding", "zstd"}})) +
             testing::window_update(1, 4'000'000) + testing::data(1, bytes, EndStream::Yes));
  EXPECT_EQ(peer->expect_end(1).field("grpc-status"), "0");
  Text reply;
  ASSERT_TRUE(reply.ParseFromString(peer->data_of(1).substr(kMessagePrefix)));
  ASSERT_EQ(reply.value().size(), 3 * 300'010U);
  EXPECT_EQ(reply.value()[0], 'a');
  EXPECT_EQ(reply.value().substr(300'000, 11), "bbbbbbbbbbc");
  EXPECT_EQ(reply.value().back(), 'f');
}

}  // namespace
}  // namespace weft::rpc
