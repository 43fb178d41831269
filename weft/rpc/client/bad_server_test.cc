// What a client makes of a server that does not speak gRPC, or does not speak it right.

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/log.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/testing/run.h"
#include "weft/testing/scripted_peer.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using http2::ErrorCode;
using http2::FrameType;
using test::Text;
using test::text;
using testing::EndStream;
using testing::Fields;
using testing::Frame;
using testing::grpc_message;
using testing::grpc_response;
using testing::grpc_trailers;
using testing::ScriptedPeer;
using testing::ScriptedServer;

constexpr std::uint16_t kPort = 50051;

/// A call whose outcome is looked at when the script has played.
struct Outcome {
  std::optional<Result<Text>> reply;
  Metadata response_metadata;
  Metadata trailers;
  const Status& status() const { return reply->status(); }
};

Task<> call_into(Channel& channel, Outcome& outcome, CallOptions options) {
  const Text request = text("request");
  options.response_metadata = &outcome.response_metadata;
  options.trailers = &outcome.trailers;
  Result<Text> reply = co_await test::unary(channel, request, options);
  outcome.reply.emplace(std::move(reply));
}

class BadServer : public ::testing::Test {
 protected:
  net::SimLoop& client() { return network.host("client"); }
  net::SimLoop& host() { return network.host("server"); }

  /// Starts a call; its request arrives at `peer` on stream 1.
  void begin(CallOptions options = {}) {
    channel.reset();
    server.reset();
    network.run_until_idle(1min);
    outcome.reply.reset();
    server = std::make_unique<ScriptedServer>(host(), kPort);
    channel = std::make_unique<Channel>("server:50051");
    start(options);
    peer = &server->accept();
    peer->expect(FrameType::Headers, 1);
  }
  void start(CallOptions options = {}) {
    task = call_into(*channel, outcome, options);
    client().enter([&] { task.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  }
  /// Runs until the call has ended.
  const Outcome& end() {
    if (!network.run_while_not([&] { return outcome.reply.has_value(); }, 10min)) {
      throw testing::DidNotHappen("the call did not end");
    }
    return outcome;
  }
  /// The call's outcome when the server answers with these frames.
  const Outcome& outcome_of(const std::string& frames) {
    begin();
    peer->send(frames);
    return end();
  }
  ~BadServer() override {
    client().enter([&] { task = Task<>(); });
    channel.reset();
    network.run_until_idle(1min);
  }

  net::SimNetwork network{1};
  std::unique_ptr<ScriptedServer> server;
  ScriptedPeer* peer = nullptr;
  std::unique_ptr<Channel> channel;
  Outcome outcome;
  Task<> task;
};

const std::string kHeaders = testing::headers(1, grpc_response());
std::string trailers(int status, std::string_view message = {}) {
  return testing::headers(1, grpc_trailers(status, message), EndStream::Yes);
}
std::string message(std::string_view value) {
  const Text out = text(value);
  return testing::data(1, grpc_message(out.SerializeAsString()));
}

TEST_F(BadServer, AWellFormedResponseByHandIsTaken) {
  outcome_of(kHeaders + message("hello") + trailers(0));
  ASSERT_TRUE(outcome.reply->ok()) << outcome.status().to_string();
  EXPECT_EQ((*outcome.reply)->value(), "hello");
}

// Each element of a list repeats its name, so that 9 KB of commas would become megabytes.
TEST_F(BadServer, ListsOfBinaryMetadataEndTheCallAtItsLimit) {
  const Fields list = {{std::string(1000, 'n') + "-bin", std::string(8000, ',')}};
  outcome_of(testing::headers(1, grpc_response(list)) + message("hello") + trailers(0));
  EXPECT_EQ(outcome.status().code(), StatusCode::ResourceExhausted);
  EXPECT_NE(outcome.status().message().find("ChannelOptions::max_metadata_size"), std::string::npos)
      << outcome.status().to_string();
  Fields end = grpc_trailers(0);
  end.insert(end.end(), list.begin(), list.end());
  outcome_of(kHeaders + message("hello") + testing::headers(1, end, EndStream::Yes));
  EXPECT_EQ(outcome.status().code(), StatusCode::ResourceExhausted);
  EXPECT_TRUE(outcome.trailers.empty());
}

TEST_F(BadServer, AServerThatSpeaksHttp1IsNamed) {
  server = std::make_unique<ScriptedServer>(
      host(), kPort, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  channel = std::make_unique<Channel>("server:50051");
  start();
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable) << outcome.status().to_string();
  EXPECT_NE(outcome.status().message().find("HTTP/1"), std::string::npos)
      << outcome.status().to_string();
  EXPECT_NE(outcome.status().message().find("server:50051"), std::string::npos);
}

TEST_F(BadServer, AServerThatSpeaksTlsIsNamed) {
  server = std::make_unique<ScriptedServer>(host(), kPort,
                                            std::string("\x15\x03\x01\x00\x02\x02\x46", 7));
  channel = std::make_unique<Channel>("server:50051");
  start();
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
  EXPECT_NE(outcome.status().message().find("ChannelOptions::tls"), std::string::npos)
      << outcome.status().to_string();
}

// Seen by AddressSanitizer, which keeps no frame for its next use.
TEST(LoopEnd, LeavesNothingOfAConnectionThatAwaitsItsGreeting) {
  Channel channel("server:50051");
  auto network = std::make_unique<net::SimNetwork>(1);
  auto server = std::make_unique<ScriptedServer>(network->host("server"), kPort, "");
  auto connecting = std::make_unique<Task<Status>>(channel.connect());
  network->host("client").enter([&] {
    connecting->start(nullptr, {[](void*) noexcept {}, nullptr});
  });
  server->accept().set_answer_settings(false);
  network->run_for(100ms);
  EXPECT_FALSE(connecting->done());
  network->host("client").enter([&] { connecting.reset(); });
  server.reset();
  network.reset();
}

TEST_F(BadServer, ASilentServerFailsAfterTheConnectTimeout) {
  server = std::make_unique<ScriptedServer>(host(), kPort, "");
  channel = std::make_unique<Channel>("server:50051", ChannelOptions{.connect_timeout = 3s});
  const TimePoint begun = network.now();
  start();
  server->accept().set_answer_settings(false);
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
  EXPECT_EQ(outcome.status().message(),
            "memory:server:50051: no HTTP/2 SETTINGS from the server within 3s");
  EXPECT_NEAR(std::chrono::duration<double>(network.now() - begun).count(), 3, 0.01);
}

TEST_F(BadServer, AServerThatClosesAtOnceIsNamed) {
  server = std::make_unique<ScriptedServer>(host(), kPort, "");
  channel = std::make_unique<Channel>("server:50051");
  start();
  server->accept().close();
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
  EXPECT_EQ(outcome.status().origin(), Origin::Transport);
  EXPECT_EQ(
      outcome.status().message(),
      "memory:server:50051: the peer closed the connection; it sent nothing: does it want TLS "
      "(ChannelOptions::tls)?");
}

TEST_F(BadServer, ForeignBytesEndCallsWithTheBrokenRule) {
  outcome_of(kHeaders + "this is no frame, whatever its length may say");
  EXPECT_NE(outcome.status().code(), StatusCode::Ok);
  EXPECT_EQ(outcome.status().origin(), Origin::Transport);
  EXPECT_NE(outcome.status().message().find("HTTP/2 connection error FRAME_SIZE_ERROR"),
            std::string::npos)
      << outcome.status().to_string();
}

TEST_F(BadServer, AConnectionLostInAMessageIsUnavailable) {
  begin();
  peer->send(kHeaders + message("hello").substr(0, 12));
  network.run_for(10ms);
  peer->close();
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
  EXPECT_EQ(outcome.status().message(), "memory:server:50051: the peer closed the connection");
}

TEST_F(BadServer, AResetConnectionIsUnavailable) {
  begin();
  network.break_connections("client", "server");
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
  EXPECT_NE(outcome.status().message().find("connection reset"), std::string::npos)
      << outcome.status().to_string();
}

TEST_F(BadServer, AResponseWithoutTrailersIsUnknown) {
  begin();
  peer->send(kHeaders + testing::data(1, grpc_message(""), EndStream::Yes));
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unknown);
  EXPECT_EQ(outcome.status().message(), "the server ended the stream without a grpc-status");
}

TEST_F(BadServer, TrailersWithoutAStatusAreUnknown) {
  outcome_of(kHeaders + message("x") + testing::headers(1, {{"x", "y"}}, EndStream::Yes));
  EXPECT_EQ(outcome.status().code(), StatusCode::Unknown);
  EXPECT_EQ(outcome.trailers.get("x"), "y");
}

TEST_F(BadServer, AStatusThatIsNoCodeIsUnknown) {
  for (const std::string code : {"17", "26", "99", "256", "-1", "abc", ""}) {
    outcome_of(
        kHeaders + message("x") +
        testing::headers(1, {{"grpc-status", code}, {"grpc-message", "why"}}, EndStream::Yes));
    EXPECT_EQ(outcome.status().code(), StatusCode::Unknown) << code;
    EXPECT_EQ(outcome.status().message(),
              "the server sent grpc-status '" + code + "', which is no status code: why");
  }
}

TEST_F(BadServer, AnHttpErrorBecomesTheStatusOfGrpcsTable) {
  const std::pair<const char*, StatusCode> kTable[] = {
      {"400", StatusCode::Internal},         {"401", StatusCode::Unauthenticated},
      {"403", StatusCode::PermissionDenied}, {"404", StatusCode::Unimplemented},
      {"429", StatusCode::Unavailable},      {"502", StatusCode::Unavailable},
      {"503", StatusCode::Unavailable},      {"504", StatusCode::Unavailable},
      {"500", StatusCode::Unknown},          {"418", StatusCode::Unknown}};
  for (const auto& [http, code] : kTable) {
    outcome_of(testing::headers(1, {{":status", http}, {"content-type", "text/html"}}) +
               testing::data(1, "<html>", EndStream::Yes));
    EXPECT_EQ(outcome.status().code(), code) << http;
    EXPECT_EQ(outcome.status().message(), std::string("the server answered with HTTP status ") +
                                              http + " instead of gRPC; its answer begins: <html>");
  }
}

TEST_F(BadServer, AnotherContentTypeIsUnknown) {
  outcome_of(testing::headers(1, {{":status", "200"}, {"content-type", "text/html"}}) +
             testing::data(1, "<html>", EndStream::Yes));
  EXPECT_EQ(outcome.status().code(), StatusCode::Unknown);
  EXPECT_EQ(outcome.status().message(),
            "the server answered with content-type 'text/html' instead of application/grpc; its "
            "answer begins: <html>");
}

TEST_F(BadServer, AForeignAnswerIsShownAsOnePrintableLine) {
  const Fields head = {{":status", "502"}, {"content-type", "text/plain"}};
  const std::string said = "the server answered with HTTP status 502 instead of gRPC";
  outcome_of(testing::headers(1, head, EndStream::Yes));
  EXPECT_EQ(outcome.status().message(), said);
  outcome_of(testing::headers(1, head) + testing::data(1, "upstream\r\n") +
             testing::data(1, "\x1b[2J\xff", EndStream::Yes));
  EXPECT_EQ(outcome.status().message(), said + "; its answer begins: upstream\\r\\n\\x1b[2J\\xff");
  // What is enough is not waited for to end, and no character is cut.
  begin();
  peer->send(testing::headers(1, head) + testing::data(1, std::string(255, 'x') + "\xc3\xa4y"));
  end();
  EXPECT_EQ(outcome.status().message(), said + "; its answer begins: " + std::string(255, 'x'));
  EXPECT_EQ(peer->expect(FrameType::RstStream, 1).error(), ErrorCode::Cancel);
}

TEST_F(BadServer, ATruncatedForeignAnswerHasItsHttpStatus) {
  outcome_of(testing::headers(1, {{":status", "503"}, {"content-type", "text/html"}}) +
             testing::rst_stream(1, ErrorCode::InternalError));
  EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
  EXPECT_EQ(outcome.status().message(), "the server answered with HTTP status 503 instead of gRPC");
}

TEST_F(BadServer, MessagesOfAnotherFormatAreInternal) {
  for (const std::string type : {"application/grpc+foo", "application/grpc+json"}) {
    outcome_of(testing::headers(1, {{":status", "200"}, {"content-type", type}}) + message("x") +
               trailers(0));
    EXPECT_EQ(outcome.status().code(), StatusCode::Internal);
    EXPECT_EQ(outcome.status().message(),
              "the server answered with content-type '" + type + "' instead of application/grpc");
    outcome_of(testing::headers(1, {{":status", "200"}, {"content-type", type}}) +
               trailers(5, "no such thing"));
    EXPECT_EQ(outcome.status().code(), StatusCode::NotFound);
  }
}

TEST_F(BadServer, TakesAGrpcStatusAnywhereInAnHttpAnswer) {
  const Fields named = {{"grpc-status", "7"}, {"grpc-message", "no"}};
  for (const Fields& head :
       {Fields{{":status", "503"}, {"content-type", "text/html"}},
        Fields{{":status", "200"}, {"content-type", "text/html"}}, Fields{{":status", "403"}}}) {
    Fields both = head;
    both.insert(both.end(), named.begin(), named.end());
    // In a block that does not end the stream, before a body; and behind one.
    for (const std::string& frames :
         {testing::headers(1, both) + testing::data(1, "<html>", EndStream::Yes),
          testing::headers(1, head) + testing::data(1, "<html>") +
              testing::headers(1, named, EndStream::Yes)}) {
      outcome_of(frames);
      EXPECT_EQ(outcome.status().code(), StatusCode::PermissionDenied)
          << outcome.status().to_string();
      EXPECT_EQ(outcome.status().message(), "no");
    }
  }
}

TEST_F(BadServer, AnHttpErrorIsNoSuccessWhateverItsGrpcStatus) {
  for (const EndStream end : {EndStream::Yes, EndStream::No}) {
    outcome_of(testing::headers(
        1, {{":status", "503"}, {"content-type", "text/html"}, {"grpc-status", "0"}}, end));
    EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
  }
}

TEST_F(BadServer, AnEarlyGrpcStatusCountsIfTheEndHasNone) {
  const Fields early = grpc_response({{"grpc-status", "14"}, {"grpc-message", "no upstream"}});
  // Twice: what comes again is not read again where it says no more than most do.
  for (int i = 0; i < 2; ++i) {
    outcome_of(testing::headers(1, early) + testing::data(1, "", EndStream::Yes));
    EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
    EXPECT_EQ(outcome.status().message(), "no upstream");
  }
  outcome_of(testing::headers(1, early) + message("x") + trailers(0));
  EXPECT_TRUE(outcome.reply->ok()) << outcome.status().to_string();
  outcome_of(testing::headers(1, grpc_response({{"grpc-status", "0"}})) + message("x") +
             testing::data(1, "", EndStream::Yes));
  EXPECT_EQ(outcome.status().message(), "the server ended the stream without a grpc-status");
}

TEST_F(BadServer, TrailersOnlyNeedNoContentType) {
  outcome_of(testing::headers(1, {{":status", "200"}, {"grpc-status", "5"}}, EndStream::Yes));
  EXPECT_EQ(outcome.status().code(), StatusCode::NotFound);
}

TEST_F(BadServer, AnHttpErrorThatBringsAGrpcStatusTakesThat) {
  outcome_of(testing::headers(1, {{":status", "503"}, {"grpc-status", "7"}, {"grpc-message", "no"}},
                              EndStream::Yes));
  EXPECT_EQ(outcome.status().code(), StatusCode::PermissionDenied);
  EXPECT_EQ(outcome.status().message(), "no");
}

TEST_F(BadServer, InformationalHeadersArePassedOver) {
  outcome_of(testing::headers(1, {{":status", "103"}, {"link", "x"}}) + kHeaders + message("m") +
             trailers(0));
  EXPECT_TRUE(outcome.reply->ok()) << outcome.status().to_string();
}

TEST_F(BadServer, OkWithoutTheResponseIsUnimplemented) {
  outcome_of(kHeaders + trailers(0));
  EXPECT_EQ(outcome.status().code(), StatusCode::Unimplemented);
  EXPECT_EQ(outcome.status().message(), "the call ended with OK but without its response message");
}

TEST_F(BadServer, TwoResponsesToAUnaryCallAreUnimplemented) {
  outcome_of(kHeaders + message("a") + message("b") + trailers(0));
  EXPECT_EQ(outcome.status().code(), StatusCode::Unimplemented);
  EXPECT_EQ(outcome.status().message(), "the method takes one message, but a second one came");
}

TEST_F(BadServer, ASecondResponseIsUnimplementedWheneverItComes) {
  begin();
  peer->send(kHeaders + message("a"));
  network.run_for(100ms);
  EXPECT_FALSE(outcome.reply.has_value());
  peer->send(message("b"));
  network.run_for(100ms);
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unimplemented);
  EXPECT_EQ(peer->expect(FrameType::RstStream, 1).error(), ErrorCode::Cancel);
}

TEST_F(BadServer, AnUnfinishedMessageIsInternalDespiteOk) {
  outcome_of(kHeaders + testing::data(1, grpc_message("12345678").substr(0, 9)) + trailers(0));
  EXPECT_EQ(outcome.status().code(), StatusCode::Internal);
  EXPECT_EQ(outcome.status().message(),
            "the stream ended inside a message: 9 bytes of it had arrived");
}

TEST_F(BadServer, AnUnparsableResponseIsInternalDespiteOk) {
  outcome_of(kHeaders + testing::data(1, grpc_message("\x0a\x7f")) + trailers(0));
  EXPECT_EQ(outcome.status().code(), StatusCode::Internal);
  EXPECT_EQ(outcome.status().origin(), Origin::Local);
}

TEST_F(BadServer, ACorruptCompressedResponseIsInternalDespiteOk) {
  outcome_of(testing::headers(1, grpc_response({{"grpc-encoding", "gzip"}})) +
             testing::data(1, grpc_message("no gzip", true)) + trailers(0));
  EXPECT_EQ(outcome.status().code(), StatusCode::Internal);
  EXPECT_NE(outcome.status().message().find("gzip"), std::string::npos)
      << outcome.status().to_string();
}

TEST_F(BadServer, ACompressedFlagWithoutEncodingIsInternalAlsoWithOk) {
  outcome_of(kHeaders + testing::data(1, grpc_message("x", true)) + trailers(0));
  EXPECT_EQ(outcome.status().code(), StatusCode::Internal);
  EXPECT_EQ(outcome.status().message(),
            "a message has its compressed flag set, but the stream has no grpc-encoding");
}

TEST_F(BadServer, AnEncodingThatWasNotOfferedIsInternal) {
  outcome_of(testing::headers(1, grpc_response({{"grpc-encoding", "snappy"}})) + message("x") +
             trailers(0));
  EXPECT_EQ(outcome.status().code(), StatusCode::Internal);
  EXPECT_EQ(outcome.status().message(),
            "the server compresses with 'snappy', which was not offered");
}

TEST_F(BadServer, ResponseMetadataBeyondTheLimitIsResourceExhausted) {
  // Many small ones: they have to fit a frame.
  outcome_of(testing::headers(1, grpc_response(Fields(600, {"many", "of them"}))));
  EXPECT_EQ(outcome.status().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(outcome.status().message(),
            "response metadata is larger than the limit of 16384 bytes "
            "(ChannelOptions::max_metadata_size)");
  EXPECT_EQ(peer->expect(FrameType::RstStream, 1).error(), ErrorCode::Cancel);
}

TEST_F(BadServer, AResetStreamHasTheStatusOfGrpcsTable) {
  const std::pair<ErrorCode, StatusCode> kTable[] = {
      {ErrorCode::NoError, StatusCode::Internal},
      {ErrorCode::ProtocolError, StatusCode::Internal},
      {ErrorCode::InternalError, StatusCode::Internal},
      {ErrorCode::Cancel, StatusCode::Cancelled},
      {ErrorCode::EnhanceYourCalm, StatusCode::ResourceExhausted},
      {ErrorCode::InadequateSecurity, StatusCode::PermissionDenied}};
  for (const auto& [reset, code] : kTable) {
    outcome_of(testing::rst_stream(1, reset));
    EXPECT_EQ(outcome.status().code(), code) << http2::name_of(reset);
    EXPECT_EQ(outcome.status().origin(), Origin::Peer);
    EXPECT_EQ(outcome.status().message(), "the server reset the stream (RST_STREAM " +
                                              std::string(http2::name_of(reset)) + ")");
  }
}

TEST_F(BadServer, ARuleBrokenOnTheStreamIsNamed) {
  outcome_of(testing::headers(1, {{":status", "200"}, {"Content-Type", "application/grpc"}}));
  EXPECT_EQ(outcome.status().code(), StatusCode::Internal);
  EXPECT_EQ(outcome.status().origin(), Origin::Transport);
  EXPECT_NE(outcome.status().message().find("RFC 9113"), std::string::npos)
      << outcome.status().to_string();
}

TEST_F(BadServer, APushPromiseBreaksTheConnection) {
  outcome_of(testing::frame(FrameType::PushPromise, 0x4, 1, std::string("\0\0\0\2", 4)));
  EXPECT_EQ(outcome.status().origin(), Origin::Transport);
  EXPECT_NE(outcome.status().message().find("HTTP/2 connection error PROTOCOL_ERROR"),
            std::string::npos)
      << outcome.status().to_string();
}

TEST_F(BadServer, TheStatusQuotesTheServersGoaway) {
  begin();
  peer->send(testing::goaway(1, ErrorCode::EnhanceYourCalm, "too_many_pings"));
  network.run_for(10ms);
  peer->close();
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
  EXPECT_EQ(outcome.status().message(),
            "memory:server:50051: the peer closed the connection; before, the server sent GOAWAY "
            "ENHANCE_YOUR_CALM: too_many_pings");
}

/// A program that ends because of the first error.
Task<> call_and_leave(std::unique_ptr<Channel> channel, Outcome& outcome) {
  const Text request = text("request");
  Result<Text> reply = co_await test::unary(*channel, request);
  channel.reset();
  outcome.reply.emplace(std::move(reply));
}

TEST_F(BadServer, HearsItsErrorFromAClientThatLeavesAtOnce) {
  server = std::make_unique<ScriptedServer>(host(), kPort);
  task = call_and_leave(std::make_unique<Channel>("server:50051"), outcome);
  client().enter([&] { task.start(nullptr, {[](void*) noexcept {}, nullptr}); });
  peer = &server->accept();
  peer->expect(FrameType::Headers, 1);
  peer->send(testing::data(0, "DATA on the connection"));
  end();
  const Frame& goaway = peer->expect(FrameType::Goaway);
  EXPECT_EQ(goaway.error(), ErrorCode::ProtocolError);
  EXPECT_NE(goaway.payload.find("RFC 9113"), std::string::npos) << goaway.to_string();
  peer->expect_closed();
}

TEST_F(BadServer, ThatWantsTlsSaysSoAndNamesTheOptionOnce) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel level, std::string_view line) {
    if (level >= LogLevel::Warn) lines.emplace_back(line);
  });
  server = std::make_unique<ScriptedServer>(
      host(), kPort,
      testing::settings() +
          testing::goaway(0, ErrorCode::InadequateSecurity, "this port speaks TLS"));
  channel = std::make_unique<Channel>("server:50051");
  start();
  end();
  set_log_sink({});
  EXPECT_EQ(outcome.status().code(), StatusCode::Unavailable);
  EXPECT_NE(outcome.status().message().find("GOAWAY INADEQUATE_SECURITY: this port speaks TLS "
                                            "(ChannelOptions::tls is not set)"),
            std::string::npos)
      << outcome.status().to_string();
  EXPECT_TRUE(lines.empty()) << ::testing::PrintToString(lines);
}

TEST_F(BadServer, AnEarlyErrorStopsTheRequest) {
  begin();
  peer->send(testing::headers(1,
                              {{":status", "200"},
                               {"content-type", "application/grpc"},
                               {"grpc-status", "16"},
                               {"grpc-message", "who are you%3F"}},
                              EndStream::Yes));
  end();
  EXPECT_EQ(outcome.status().code(), StatusCode::Unauthenticated);
  EXPECT_EQ(outcome.status().message(), "who are you?");
  EXPECT_EQ(outcome.status().origin(), Origin::Peer);
}

}  // namespace
}  // namespace weft::rpc
