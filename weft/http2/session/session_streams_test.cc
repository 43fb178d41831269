#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http2/session/internal/session_recorder.h"

// The life of streams: RFC 9113 sections 5.1, 6.4, 6.8 and 8.

namespace weft::http2 {
namespace {

using namespace script;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const HeaderField kGet[] = {{":method", "GET", Token::Method},
                            {":scheme", "http", Token::Scheme},
                            {":path", "/", Token::Path}};
const HeaderField kHead[] = {{":method", "HEAD", Token::Method},
                             {":scheme", "http", Token::Scheme},
                             {":path", "/", Token::Path}};
const HeaderField kOk[] = {{":status", "200", Token::Status}};

class ServerStreams : public ::testing::Test {
 protected:
  ServerStreams() : ServerStreams(plain(Role::Server)) {}
  explicit ServerStreams(const SessionOptions& options) : server(options) {
    server.receive(client_preface() + settings_ack());
    server.frames();
    server.events();
  }
  /// Stream 1 is open, what came of it taken.
  void open(std::uint8_t flags = 0) {
    server.receive(headers(1, kRequest, flags));
    server.events();
  }

  Recorder server;
};

class ClientStreams : public ::testing::Test {
 protected:
  ClientStreams() {
    client.receive(settings() + settings_ack());
    client.frames();
    client.events();
  }
  Stream& open(bool end_stream = true) {
    Stream& stream = client.session.open_stream(kGet, end_stream, nullptr);
    client.frames();
    return stream;
  }

  Recorder client{plain(Role::Client)};
};

// Section 5.1: frames and states

TEST_F(ServerStreams, RejectDataOnAnIdleStream) {
  EXPECT_FALSE(server.receive(data(1, "x")));
  EXPECT_THAT(server.events(), ElementsAre("error PROTOCOL_ERROR"));
}

TEST_F(ServerStreams, ResetAHalfClosedStreamForMoreData) {
  open(kEnd);
  EXPECT_TRUE(server.receive(data(1, "x")));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 STREAM_CLOSED"));
}

TEST_F(ServerStreams, ResetAHalfClosedStreamForMoreHeaders) {
  open(kEnd);
  EXPECT_TRUE(server.receive(headers(1, {{"x", "y"}}, kEnd)));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 STREAM_CLOSED"));
}

TEST_F(ServerStreams, IgnoreWhatWasUnderWayWhenTheyWereReset) {
  open();
  server.session.reset(server.stream(1), ErrorCode::Cancel);
  EXPECT_THAT(server.events(), ElementsAre("closed 1 by local CANCEL"));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 CANCEL"));
  EXPECT_TRUE(server.receive(data(1, "late") + headers(1, {{"x", "y"}}, kEnd) +
                             window_update(1, 5) + rst_stream(1, ErrorCode::Cancel)));
  EXPECT_THAT(server.events(), IsEmpty());
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST_F(ServerStreams, ReturnTheConnectionsCreditForIgnoredData) {
  open();
  server.session.reset(server.stream(1), ErrorCode::Cancel);
  server.frames();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(server.receive(data(1, std::string(16384, 'x'))));
  EXPECT_THAT(server.frames(), ElementsAre("WINDOW_UPDATE 0 +32768"));
}

TEST_F(ServerStreams, DecodeIgnoredHeadersSoThatTheTableStaysInStep) {
  open();
  server.session.reset(server.stream(1), ErrorCode::Cancel);
  server.events();
  // An incremental literal on the ignored stream, referred to by index 62 on the next.
  std::string entry =
      "\x40\x01"
      "k"
      "\x01"
      "v";
  EXPECT_TRUE(server.receive(frame(FrameType::Headers, flag::kEndHeaders | kEnd, 1, entry)));
  EXPECT_TRUE(server.receive(
      frame(FrameType::Headers, flag::kEndHeaders | kEnd, 3, block(kRequest) + "\xbe")));
  EXPECT_THAT(server.events(), ElementsAre(HasSubstr("k=v end")));
}

TEST_F(ServerStreams, AnswerFramesAfterThePeersResetWithStreamClosed) {
  open();
  EXPECT_TRUE(server.receive(rst_stream(1, ErrorCode::Cancel)));
  EXPECT_THAT(server.events(), ElementsAre("closed 1 by peer CANCEL"));
  EXPECT_TRUE(server.receive(data(1, "x")));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 STREAM_CLOSED"));
}

TEST_F(ServerStreams, BreakTheConnectionForDataAfterBothSidesEnded) {
  open(kEnd);
  server.session.send_headers(server.stream(1), kOk, true);
  EXPECT_THAT(server.events(), ElementsAre("closed 1 by completion"));
  EXPECT_TRUE(server.receive(window_update(1, 5) + rst_stream(1, ErrorCode::NoError)));
  EXPECT_FALSE(server.receive(data(1, "x")));
  EXPECT_THAT(server.events(), ElementsAre("error STREAM_CLOSED"));
}

TEST_F(ServerStreams, BreakTheConnectionForAnIdThatWasPassedOver) {
  EXPECT_TRUE(server.receive(headers(5, kRequest, kEnd)));
  EXPECT_FALSE(server.receive(headers(3, kRequest, kEnd)));
  EXPECT_THAT(server.events(), Contains("error PROTOCOL_ERROR"));
}

TEST_F(ServerStreams, BreakTheConnectionForAnEvenId) {
  EXPECT_FALSE(server.receive(headers(2, kRequest, kEnd)));
  EXPECT_THAT(server.events(), ElementsAre("error PROTOCOL_ERROR"));
}

TEST_F(ServerStreams, StayWhereTheyAreWhileTheyAreHeld) {
  for (const std::uint32_t id : {1U, 3U}) {
    server.receive(headers(id, kRequest, flag::kEndStream));
  }
  server.events();
  const Session::Hold hold(server.session);
  Stream& stream = server.stream(1);
  server.session.send_headers(stream, kOk, true);
  EXPECT_THAT(server.events(), ElementsAre(HasSubstr("closed 1")));
  server.frames();
  server.session.send_headers(server.stream(3), kOk, true);
  server.frames();
  server.session.reset(stream, ErrorCode::Cancel);
  EXPECT_EQ(stream.id(), 1U);
  EXPECT_THAT(server.frames(), IsEmpty()) << "it is closed";
}

TEST_F(ServerStreams, CloseEachStreamOnceWhenTheConnectionBreaks) {
  server.receive(headers(1, kRequest) + headers(3, kRequest) + headers(5, kRequest));
  server.events();
  server.when_closed = [&](Stream& stream) {
    // A callback may end its neighbours.
    if (stream.id() == 1) server.session.reset(server.stream(5), ErrorCode::Cancel);
  };
  EXPECT_FALSE(server.receive(data(0, "x")));
  EXPECT_THAT(server.events(),
              ElementsAre("closed 1 by connection PROTOCOL_ERROR", "closed 5 by local CANCEL",
                          "closed 3 by connection PROTOCOL_ERROR", "error PROTOCOL_ERROR"));
}

// Section 5.1.2: concurrency

class FewStreams : public ServerStreams {
 protected:
  static SessionOptions two() {
    SessionOptions options = plain(Role::Server);
    options.local.max_concurrent_streams = 2;
    return options;
  }
  FewStreams() : ServerStreams(two()) {}
};

TEST_F(FewStreams, RefuseOneTooMany) {
  EXPECT_TRUE(server.receive(headers(1, kRequest) + headers(3, kRequest) + headers(5, kRequest)));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 5 REFUSED_STREAM"));
  EXPECT_EQ(server.session.open_streams(), 2U);
  EXPECT_TRUE(
      server.receive(data(5, "late") + rst_stream(1, ErrorCode::Cancel) + headers(7, kRequest)));
  EXPECT_THAT(server.frames(), IsEmpty());
  EXPECT_EQ(server.session.open_streams(), 2U);
}

TEST(ClientLimits, HoldTheClientToThePeersMaxConcurrentStreams) {
  Recorder client{plain(Role::Client)};
  client.receive(settings({{SettingId::MaxConcurrentStreams, 1}}));
  EXPECT_TRUE(client.session.can_open());
  Stream& stream = client.session.open_stream(kGet, true, nullptr);
  EXPECT_FALSE(client.session.can_open());
  client.session.reset(stream, ErrorCode::Cancel);
  EXPECT_TRUE(client.session.can_open());
}

// Sections 8.1 to 8.3: messages

TEST_F(ServerStreams, ResetARequestWithABrokenHeader) {
  EXPECT_TRUE(server.receive(headers(1, {{":method", "GET"}, {":path", "/"}}, kEnd)));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 PROTOCOL_ERROR"));
  EXPECT_THAT(server.events(), IsEmpty());
}

TEST_F(ServerStreams, DeliverTrailers) {
  open();
  EXPECT_TRUE(server.receive(data(1, "x") + headers(1, {{"checksum", "5"}}, kEnd)));
  EXPECT_THAT(server.events(), ElementsAre("data 1 x", "headers 1 trailers checksum=5 end"));
}

TEST_F(ServerStreams, ResetForTrailersThatDoNotEndTheStream) {
  open();
  EXPECT_TRUE(server.receive(headers(1, {{"checksum", "5"}})));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 PROTOCOL_ERROR"));
  EXPECT_THAT(server.detail, HasSubstr("trailers do not end the stream"));
}

TEST_F(ServerStreams, ResetForPseudoHeadersInTrailers) {
  open();
  EXPECT_TRUE(server.receive(headers(1, {{":status", "200"}}, kEnd)));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 PROTOCOL_ERROR"));
}

TEST_F(ServerStreams, HoldContentLengthAgainstTheData) {
  FieldList fields = kRequest;
  fields.emplace_back("content-length", "3");
  EXPECT_TRUE(server.receive(headers(1, fields) + data(1, "abc", kEnd)));
  EXPECT_THAT(server.frames(), IsEmpty());
  EXPECT_TRUE(server.receive(headers(3, fields) + data(3, "ab", kEnd)));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 3 PROTOCOL_ERROR"));
  EXPECT_TRUE(server.receive(headers(5, fields) + data(5, "abcd")));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 5 PROTOCOL_ERROR"));
  EXPECT_TRUE(server.receive(headers(7, fields, kEnd)));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 7 PROTOCOL_ERROR"));
  EXPECT_TRUE(server.receive(headers(9, fields) + headers(9, {{"a", "b"}}, kEnd)));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 9 PROTOCOL_ERROR"));
}

TEST_F(ServerStreams, ResetAStreamThatDependsOnItself) {
  EXPECT_TRUE(server.receive(frame(FrameType::Headers, flag::kEndHeaders | flag::kPriority, 1,
                                   u32(1) + "\x10" + block(kRequest))));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 PROTOCOL_ERROR"));
}

TEST_F(ClientStreams, DeliverInformationalResponsesBeforeTheFinalOne) {
  open();
  EXPECT_TRUE(client.receive(headers(1, {{":status", "103"}, {"link", "x"}}) +
                             headers(1, {{":status", "100"}}) + headers(1, kResponse, kEnd)));
  EXPECT_THAT(client.events(),
              ElementsAre("headers 1 informational :status=103 link=x",
                          "headers 1 informational :status=100",
                          "headers 1 initial :status=200 end", "closed 1 by completion"));
}

TEST_F(ClientStreams, ResetForAnInformationalResponseThatEndsTheStream) {
  open();
  EXPECT_TRUE(client.receive(headers(1, {{":status", "103"}}, kEnd)));
  EXPECT_THAT(client.frames(), ElementsAre("RST_STREAM 1 PROTOCOL_ERROR"));
}

TEST_F(ClientStreams, ResetForDataBeforeTheResponse) {
  open();
  EXPECT_TRUE(client.receive(data(1, "x")));
  EXPECT_THAT(client.frames(), ElementsAre("RST_STREAM 1 PROTOCOL_ERROR"));
}

TEST_F(ClientStreams, LetAHeadResponseAnnounceALengthWithoutData) {
  client.session.open_stream(kHead, true, nullptr);
  client.frames();
  EXPECT_TRUE(client.receive(headers(1, {{":status", "200"}, {"content-length", "5"}}, kEnd)));
  EXPECT_THAT(client.events(), Contains("closed 1 by completion"));
}

TEST_F(ClientStreams, ResetForContentWhereAResponseNeverHasSome) {
  client.session.open_stream(kHead, true, nullptr);
  client.frames();
  EXPECT_TRUE(client.receive(headers(1, {{":status", "200"}}) + data(1, "x", kEnd)));
  EXPECT_THAT(client.events(), Contains("closed 1 by local PROTOCOL_ERROR"));
}

TEST_F(ClientStreams, BreakTheConnectionForAResponseToNoRequest) {
  EXPECT_FALSE(client.receive(headers(1, kResponse)));
  EXPECT_THAT(client.events(), ElementsAre("error PROTOCOL_ERROR"));
}

TEST_F(ClientStreams, TellThatARefusedStreamWasNotProcessed) {
  open();
  EXPECT_TRUE(client.receive(rst_stream(1, ErrorCode::RefusedStream)));
  EXPECT_THAT(client.events(), ElementsAre("closed 1 by peer REFUSED_STREAM unprocessed"));
}

TEST_F(ClientStreams, SendLongHeadersInContinuations) {
  const std::string value(40000, '~');
  const HeaderField fields[] = {kGet[0], kGet[1], kGet[2], {"x-long", value}};
  client.session.open_stream(fields, true, nullptr);
  EXPECT_THAT(client.frames(),
              ElementsAre("HEADERS 1 end_stream", "CONTINUATION 1", "CONTINUATION 1"));
}

// Section 6.8: GOAWAY and the two-step drain

TEST_F(ClientStreams, CloseWhatGoawayExcludesAsUnprocessed) {
  for (int i = 0; i < 3; ++i) open();
  EXPECT_TRUE(client.receive(goaway(3, ErrorCode::NoError, "restart")));
  EXPECT_THAT(client.events(),
              ElementsAre("goaway 3 NO_ERROR restart", "closed 5 by connection unprocessed"));
  EXPECT_FALSE(client.session.can_open());
  EXPECT_TRUE(client.session.draining());
  EXPECT_TRUE(client.receive(headers(1, kResponse, kEnd) + headers(3, kResponse, kEnd)));
  EXPECT_EQ(client.session.open_streams(), 0U);
}

TEST_F(ClientStreams, KeepAllStreamsAtTheFirstStepOfADrain) {
  open();
  EXPECT_TRUE(client.receive(goaway(kLargestStreamId, ErrorCode::NoError)));
  EXPECT_THAT(client.events(), ElementsAre("goaway 2147483647 NO_ERROR"));
  EXPECT_EQ(client.session.open_streams(), 1U);
}

TEST_F(ServerStreams, DrainInTwoSteps) {
  open();
  server.session.begin_drain();
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY last=2147483647 NO_ERROR"));
  EXPECT_TRUE(server.receive(headers(3, kRequest)));
  EXPECT_EQ(server.session.open_streams(), 2U);
  server.session.finish_drain();
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY last=3 NO_ERROR"));
  EXPECT_TRUE(server.receive(headers(5, kRequest)));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 5 REFUSED_STREAM"));
  EXPECT_EQ(server.session.open_streams(), 2U);
}

TEST_F(ServerStreams, NameTheLastIdThatWasProcessedInAnAbort) {
  open();
  server.session.abort(ErrorCode::EnhanceYourCalm, "too_many_pings");
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY last=1 ENHANCE_YOUR_CALM"));
  EXPECT_THAT(server.events(), ElementsAre("closed 1 by connection ENHANCE_YOUR_CALM"));
  EXPECT_FALSE(server.receive(ping()));
}

TEST_F(ClientStreams, TellWhichRequestsNeverLeftWhenTheTransportCloses) {
  client.session.open_stream(kGet, true, nullptr);
  take(client.session.output());
  client.session.open_stream(kGet, true, nullptr);
  client.session.output().consume(3);  // a part of the frame, which nobody can act on
  client.session.transport_closed();
  EXPECT_THAT(client.events(),
              ElementsAre("closed 1 by connection", "closed 3 by connection unprocessed"));
  EXPECT_FALSE(client.session.can_open());
}

// Callbacks that end things

TEST_F(ServerStreams, MayBeAnsweredFromTheCallbackThatOpensThem) {
  server.when_headers = [&](Stream& stream, bool) {
    server.session.send_headers(stream, kOk, true);
  };
  EXPECT_TRUE(server.receive(headers(1, kRequest, kEnd) + headers(3, kRequest, kEnd)));
  EXPECT_THAT(server.frames(), ElementsAre("HEADERS 1 end_stream", "HEADERS 3 end_stream"));
  EXPECT_EQ(server.session.open_streams(), 0U);
}

TEST_F(ServerStreams, MayBeResetFromTheirOwnDataCallback) {
  open();
  server.when_data = [&](Stream& stream, std::size_t, bool) {
    server.session.reset(stream, ErrorCode::Cancel);
  };
  EXPECT_TRUE(server.receive(data(1, "abc", kEnd) + headers(3, kRequest, kEnd)));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 CANCEL"));
}

TEST_F(ServerStreams, EndWithTheConnectionWhenACallbackAborts) {
  server.when_headers = [&](Stream&, bool) { server.session.abort(ErrorCode::NoError, ""); };
  EXPECT_FALSE(server.receive(headers(1, kRequest, kEnd) + headers(3, kRequest, kEnd)));
  EXPECT_THAT(server.frames(), ElementsAre("GOAWAY last=1 NO_ERROR"));
}

TEST_F(ClientStreams, MayBeFollowedByAnotherFromTheClosingCallback) {
  Stream& first = open();
  client.when_closed = [&](Stream& stream) {
    client.when_closed = nullptr;
    Stream& second = client.session.open_stream(kGet, true, nullptr);
    EXPECT_NE(&second, &stream);
    EXPECT_EQ(stream.id(), 1U);
  };
  client.session.reset(first, ErrorCode::Cancel);
  EXPECT_THAT(client.frames(), ElementsAre("RST_STREAM 1 CANCEL", "HEADERS 3 end_stream"));
}

}  // namespace
}  // namespace weft::http2
