#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http2/session/internal/session_recorder.h"

// Frames that break a rule of RFC 9113 sections 3, 4 and 6, byte for byte, and what comes of them.

namespace weft::http2 {
namespace {

using namespace script;
using namespace std::string_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const HeaderField kOk[] = {{":status", "200", Token::Status}};

class ServerFrames : public ::testing::Test {
 protected:
  ServerFrames() : ServerFrames(plain(Role::Server)) {}
  explicit ServerFrames(const SessionOptions& options) : server(options) {
    server.receive(client_preface());
    server.frames();
    server.events();
  }
  /// The bytes break the connection, with this code and a message that says `why`.
  void expect_connection_error(std::string_view bytes, ErrorCode code, std::string_view why) {
    EXPECT_FALSE(server.receive(bytes));
    EXPECT_TRUE(server.session.broken());
    const std::string name(name_of(code));
    EXPECT_THAT(server.events(), Contains("error " + name));
    EXPECT_THAT(server.frames(), Contains(HasSubstr(" " + name)));
    EXPECT_THAT(std::string(server.error.message()), HasSubstr(std::string(why)));
    EXPECT_EQ(server.session.open_streams(), 0U);
  }
  /// The bytes end stream 1, and nothing else.
  void expect_stream_error(std::string_view bytes, ErrorCode code, std::string_view why) {
    EXPECT_TRUE(server.receive(bytes)) << server.error.message();
    const std::string name(name_of(code));
    EXPECT_THAT(server.frames(), Contains("RST_STREAM 1 " + name));
    EXPECT_THAT(server.events(), Contains("closed 1 by local " + name));
    EXPECT_THAT(server.detail, HasSubstr(std::string(why)));
  }

  Recorder server;
};

// Section 3.4: the preface

TEST(Preface, NamesAnHttp1RequestOnAnHttp2Port) {
  Recorder server{plain(Role::Server)};
  EXPECT_FALSE(server.receive("GET /index.html HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_THAT(std::string(server.error.message()),
              HasSubstr("the peer spoke HTTP/1.1 (\"GET /index.html HTTP/1.1\")"));
  EXPECT_EQ(server.error.code(), StatusCode::Unavailable);
}

TEST(Preface, NamesAnHttp1RequestThatArrivesByteByByte) {
  Recorder server{plain(Role::Server)};
  EXPECT_TRUE(server.receive("P"));
  EXPECT_FALSE(server.receive("OST /x HTTP/1.0\r\n"));
  EXPECT_THAT(std::string(server.error.message()),
              HasSubstr("the peer spoke HTTP/1.0 (\"POST /x HTTP/1.0\")"));
}

TEST(Preface, NamesTlsOnAPlaintextPort) {
  Recorder server{plain(Role::Server)};
  EXPECT_FALSE(server.receive(std::string_view("\x16\x03\x01\x02\x00\x01", 6)));
  EXPECT_THAT(std::string(server.error.message()),
              HasSubstr("the peer spoke TLS to a plaintext port"));
}

TEST(Preface, ShowsGarbageInHexadecimal) {
  Recorder server{plain(Role::Server)};
  EXPECT_FALSE(server.receive(std::string_view("\x00\x01\xff", 3)));
  EXPECT_THAT(std::string(server.error.message()), HasSubstr("the peer sent the bytes 00 01 ff"));
}

TEST(Preface, MayArriveByteByByte) {
  Recorder server{plain(Role::Server)};
  for (const char c : client_preface()) EXPECT_TRUE(server.receive(std::string_view(&c, 1)));
  EXPECT_THAT(server.events(), ElementsAre("settings"));
}

TEST(Preface, MustBeFollowedBySettings) {
  Recorder server{plain(Role::Server)};
  EXPECT_FALSE(server.receive(std::string(kClientPreface) + ping()));
  EXPECT_THAT(server.events(), ElementsAre("error PROTOCOL_ERROR"));
  EXPECT_THAT(std::string(server.error.message()), HasSubstr("where a SETTINGS frame is due"));
}

TEST(Preface, MustNotBeFollowedByASettingsAck) {
  Recorder server{plain(Role::Server)};
  EXPECT_FALSE(server.receive(std::string(kClientPreface) + settings_ack()));
  EXPECT_THAT(server.events(), ElementsAre("error PROTOCOL_ERROR"));
}

TEST(Preface, NamesAnHttp1ResponseToAClient) {
  Recorder client{plain(Role::Client)};
  EXPECT_FALSE(client.receive("HTTP/1.1 400 Bad Request\r\n\r\n"));
  EXPECT_THAT(std::string(client.error.message()), HasSubstr("the peer spoke HTTP/1.1"));
}

TEST(Preface, NamesATlsAlertToAClient) {
  Recorder client{plain(Role::Client)};
  EXPECT_FALSE(client.receive(std::string_view("\x15\x03\x01\x00\x02\x02\x46\x00\x00", 9)));
  EXPECT_THAT(std::string(client.error.message()), HasSubstr("a TLS alert arrived"));
}

// Section 4: frames in general

TEST_F(ServerFrames, IgnoreAnUnknownType) {
  EXPECT_TRUE(server.receive(frame(static_cast<FrameType>(0x42), 0xff, 7, "whatever") + ping()));
  EXPECT_THAT(server.frames(), ElementsAre("PING ack"));
}

TEST_F(ServerFrames, RejectAFrameAboveTheLimitBeforeItsPayloadArrives) {
  const std::string large = data(1, std::string(kDefaultFrameSize + 1, 'x'));
  expect_connection_error(large.substr(0, kFrameHeaderSize), ErrorCode::FrameSizeError,
                          "a frame has 16385 bytes, above SETTINGS_MAX_FRAME_SIZE of 16384");
}

TEST_F(ServerFrames, IgnoreTheReservedBitOfTheStreamId) {
  std::string bytes = headers(1, kRequest, kEnd);
  bytes[5] = static_cast<char>(0x80);
  EXPECT_TRUE(server.receive(bytes));
  EXPECT_EQ(server.session.open_streams(), 1U);
}

TEST_F(ServerFrames, RejectAHeaderBlockThatDoesNotDecode) {
  expect_connection_error(frame(FrameType::Headers, flag::kEndHeaders, 1, "\xff\xff\xff\xff\xff"),
                          ErrorCode::CompressionError, "a header block does not decode");
}

// Section 6.1: DATA

TEST_F(ServerFrames, RejectDataOnStreamZero) {
  expect_connection_error(data(0, "x"), ErrorCode::ProtocolError,
                          "a DATA frame arrived on stream 0");
}

TEST_F(ServerFrames, TakePaddingOffData) {
  server.receive(headers(1, kRequest));
  server.events();
  EXPECT_TRUE(server.receive(
      frame(FrameType::Data, flag::kPadded | kEnd, 1, std::string("\x03") + "abc" + "\0\0\0"s)));
  EXPECT_THAT(server.events(), ElementsAre("data 1 abc end"));
}

TEST_F(ServerFrames, AcceptDataThatIsAllPadding) {
  server.receive(headers(1, kRequest));
  server.events();
  EXPECT_TRUE(
      server.receive(frame(FrameType::Data, flag::kPadded | kEnd, 1, "\x02" + std::string(2, 0))));
  EXPECT_THAT(server.events(), ElementsAre("data 1  end"));
}

TEST_F(ServerFrames, RejectPaddingAsLongAsTheData) {
  server.receive(headers(1, kRequest));
  expect_connection_error(frame(FrameType::Data, flag::kPadded, 1,
                                "\x03"
                                "ab"),
                          ErrorCode::ProtocolError, "a DATA frame of 3 bytes has padding of 4");
}

TEST_F(ServerFrames, RejectPaddedDataWithoutAPadLength) {
  server.receive(headers(1, kRequest));
  // Section 4.2: "too small to contain mandatory frame data".
  expect_connection_error(frame(FrameType::Data, flag::kPadded, 1), ErrorCode::FrameSizeError,
                          "padding");
}

// Section 6.2: HEADERS, and 6.10: CONTINUATION

TEST_F(ServerFrames, RejectHeadersOnStreamZero) {
  expect_connection_error(headers(0, kRequest), ErrorCode::ProtocolError, "needs a stream");
}

TEST_F(ServerFrames, TakePaddingAndPriorityOffHeaders) {
  const std::string payload = "\x02" + u32(0x80000000U) + "\x10" + block(kRequest) + "\0\0"s;
  EXPECT_TRUE(server.receive(frame(
      FrameType::Headers, flag::kEndHeaders | flag::kPadded | flag::kPriority | kEnd, 1, payload)));
  EXPECT_THAT(
      server.events(),
      ElementsAre("headers 1 initial :method=POST :scheme=http :path=/s/M :authority=h end"));
}

TEST_F(ServerFrames, RejectHeadersPaddingBeyondThePayload) {
  expect_connection_error(
      frame(FrameType::Headers, flag::kEndHeaders | flag::kPadded, 1, "\x7f" + block(kRequest)),
      ErrorCode::ProtocolError, "the padding or priority of a HEADERS frame exceeds");
}

TEST_F(ServerFrames, RejectHeadersTooShortForTheirPriority) {
  expect_connection_error(frame(FrameType::Headers, flag::kEndHeaders | flag::kPriority, 1, "abc"),
                          ErrorCode::FrameSizeError, "HEADERS");
}

TEST_F(ServerFrames, AssembleABlockFromContinuations) {
  const std::string all = block(kRequest);
  EXPECT_TRUE(server.receive(frame(FrameType::Headers, kEnd, 1, all.substr(0, 5)) +
                             frame(FrameType::Continuation, 0, 1, all.substr(5, 9)) +
                             frame(FrameType::Continuation, 0, 1) +
                             frame(FrameType::Continuation, flag::kEndHeaders, 1, all.substr(14))));
  EXPECT_THAT(
      server.events(),
      ElementsAre("headers 1 initial :method=POST :scheme=http :path=/s/M :authority=h end"));
}

TEST_F(ServerFrames, RejectAFrameWithinAHeaderBlock) {
  expect_connection_error(frame(FrameType::Headers, 0, 1, block(kRequest)) + ping(),
                          ErrorCode::ProtocolError, "CONTINUATION on stream 1 is due");
}

TEST_F(ServerFrames, RejectAnUnknownFrameWithinAHeaderBlock) {
  expect_connection_error(
      frame(FrameType::Headers, 0, 1, block(kRequest)) + frame(static_cast<FrameType>(0x42), 0, 1),
      ErrorCode::ProtocolError, "CONTINUATION on stream 1 is due");
}

TEST_F(ServerFrames, RejectAContinuationOfAnotherStream) {
  expect_connection_error(frame(FrameType::Headers, 0, 1, block(kRequest)) +
                              frame(FrameType::Continuation, flag::kEndHeaders, 3),
                          ErrorCode::ProtocolError, "CONTINUATION on stream 1 is due");
}

TEST_F(ServerFrames, RejectAContinuationOutsideOfABlock) {
  expect_connection_error(
      headers(1, kRequest) + frame(FrameType::Continuation, flag::kEndHeaders, 1),
      ErrorCode::ProtocolError, "no header block is open");
}

TEST_F(ServerFrames, RejectAFloodOfContinuations) {
  std::string bytes = frame(FrameType::Headers, 0, 1, block(kRequest));
  for (int i = 0; i < 65; ++i) bytes += frame(FrameType::Continuation, 0, 1);
  expect_connection_error(bytes, ErrorCode::EnhanceYourCalm, "64 CONTINUATION frames");
}

TEST_F(ServerFrames, RejectABlockThatGrowsWithoutEnd) {
  std::string bytes = frame(FrameType::Headers, 0, 1, std::string(16000, 'x'));
  for (int i = 0; i < 5; ++i)
    bytes += frame(FrameType::Continuation, 0, 1, std::string(16000, 'x'));
  expect_connection_error(bytes, ErrorCode::EnhanceYourCalm, "a header block exceeds 65536 bytes");
}

TEST_F(ServerFrames, TellTheOwnerOfAListAboveTheLimit) {
  FieldList fields = kRequest;
  const std::string value(9000, 'v');
  fields.emplace_back("a", value);
  fields.emplace_back("b", value);
  const std::string all = block(fields);
  EXPECT_TRUE(
      server.receive(frame(FrameType::Headers, 0, 1, all.substr(0, 16000)) +
                     frame(FrameType::Continuation, flag::kEndHeaders, 1, all.substr(16000))));
  EXPECT_THAT(server.events(), ElementsAre("too large 1"));
  EXPECT_TRUE(server.receive(headers(3, kRequest, kEnd)));
  EXPECT_EQ(server.session.open_streams(), 2U);
}

// Section 6.3: PRIORITY

TEST_F(ServerFrames, IgnorePriority) {
  EXPECT_TRUE(server.receive(frame(FrameType::Priority, 0, 9, u32(0) + "\x10")));
  EXPECT_TRUE(server.receive(headers(1, kRequest)));
  EXPECT_EQ(server.session.open_streams(), 1U);
}

TEST_F(ServerFrames, ResetAStreamForAPriorityOnItself) {
  server.receive(headers(1, kRequest));
  expect_stream_error(frame(FrameType::Priority, 0, 1, u32(1) + "\x10"), ErrorCode::ProtocolError,
                      "depends on itself");
}

TEST_F(ServerFrames, RejectAPriorityOfAnIdleStreamOnItself) {
  expect_connection_error(frame(FrameType::Priority, 0, 9, u32(9) + "\x10"),
                          ErrorCode::ProtocolError, "depends on itself");
}

TEST_F(ServerFrames, AnswerAMissizedPriorityOnAClosedStream) {
  server.receive(headers(1, kRequest, kEnd));
  server.session.send_headers(server.stream(1), kOk, true);
  server.frames();
  EXPECT_TRUE(server.receive(frame(FrameType::Priority, 0, 1, "abcd")));
  EXPECT_THAT(server.frames(), ElementsAre("RST_STREAM 1 FRAME_SIZE_ERROR"));
  EXPECT_TRUE(server.receive(frame(FrameType::Priority, 0, 1, "abcd")));
  EXPECT_THAT(server.frames(), IsEmpty());
}

TEST_F(ServerFrames, ResetAStreamForAPriorityOfTheWrongSize) {
  server.receive(headers(1, kRequest));
  expect_stream_error(frame(FrameType::Priority, 0, 1, u32(0)), ErrorCode::FrameSizeError,
                      "section 6.3");
}

TEST_F(ServerFrames, RejectPriorityOnStreamZero) {
  expect_connection_error(frame(FrameType::Priority, 0, 0, u32(3) + "\x10"),
                          ErrorCode::ProtocolError, "PRIORITY");
}

// Section 6.4: RST_STREAM

TEST_F(ServerFrames, RejectRstStreamOfTheWrongSize) {
  server.receive(headers(1, kRequest));
  expect_connection_error(frame(FrameType::RstStream, 0, 1, "abc"), ErrorCode::FrameSizeError,
                          "a RST_STREAM frame has 3 bytes, it needs 4");
}

TEST_F(ServerFrames, RejectRstStreamOnStreamZeroAndOnIdleStreams) {
  expect_connection_error(rst_stream(1, ErrorCode::Cancel), ErrorCode::ProtocolError,
                          "a RST_STREAM frame arrived on stream 1, which is idle");
  Recorder other{plain(Role::Server)};
  EXPECT_FALSE(other.receive(client_preface() + rst_stream(0, ErrorCode::Cancel)));
}

// Section 6.5: SETTINGS

TEST_F(ServerFrames, RejectSettingsOnAStream) {
  expect_connection_error(frame(FrameType::Settings, 0, 1), ErrorCode::ProtocolError,
                          "it needs stream 0");
}

TEST_F(ServerFrames, RejectSettingsOfAnOddSize) {
  expect_connection_error(frame(FrameType::Settings, 0, 0, "12345"), ErrorCode::FrameSizeError,
                          "a SETTINGS frame has 5 bytes");
}

TEST_F(ServerFrames, RejectASettingsAckWithAPayload) {
  expect_connection_error(frame(FrameType::Settings, flag::kAck, 0, "123456"),
                          ErrorCode::FrameSizeError, "as it is an ACK");
}

TEST_F(ServerFrames, RejectEnablePushAboveOne) {
  expect_connection_error(settings({{SettingId::EnablePush, 2}}), ErrorCode::ProtocolError,
                          "SETTINGS_ENABLE_PUSH is 2, at most 1");
}

TEST_F(ServerFrames, RejectAnInitialWindowAboveTheLimit) {
  expect_connection_error(settings({{SettingId::InitialWindowSize, 0x80000000U}}),
                          ErrorCode::FlowControlError,
                          "SETTINGS_INITIAL_WINDOW_SIZE is 2147483648");
}

TEST_F(ServerFrames, RejectFrameSizesOutsideOfTheRange) {
  expect_connection_error(settings({{SettingId::MaxFrameSize, 16383}}), ErrorCode::ProtocolError,
                          "SETTINGS_MAX_FRAME_SIZE is 16383, outside of 16384 to 16777215");
}

TEST_F(ServerFrames, IgnoreUnknownSettingsAndAcknowledgeTheFrame) {
  EXPECT_TRUE(server.receive(
      settings({{static_cast<SettingId>(0x99), 5}, {SettingId::MaxFrameSize, 20000}})));
  EXPECT_EQ(server.session.peer_settings().max_frame_size, 20000U);
  EXPECT_THAT(server.frames(), ElementsAre("SETTINGS ack"));
  EXPECT_THAT(server.events(), ElementsAre("settings"));
}

TEST_F(ServerFrames, SignalTheSmallestOfSeveralTableSizesInOneFrame) {
  // RFC 7541 section 4.2: the smallest maximum in the interval "MUST be signaled".
  server.receive(settings({{SettingId::HeaderTableSize, 0}, {SettingId::HeaderTableSize, 4096}}));
  server.receive(headers(1, kRequest));
  server.frames();
  server.session.send_headers(server.stream(1), kOk, false);
  const std::string frame = take(server.session.output());
  EXPECT_EQ(frame.substr(kFrameHeaderSize), "\x20\x3f\xe1\x1f\x88");
}

TEST(ClientFrames, RejectAServerThatEnablesPush) {
  Recorder client{plain(Role::Client)};
  EXPECT_FALSE(client.receive(settings({{SettingId::EnablePush, 1}})));
  EXPECT_THAT(client.events(), ElementsAre("error PROTOCOL_ERROR"));
}

// Section 6.6: PUSH_PROMISE

TEST_F(ServerFrames, RejectPushPromise) {
  server.receive(headers(1, kRequest));
  expect_connection_error(
      frame(FrameType::PushPromise, flag::kEndHeaders, 1, u32(2) + block(kRequest)),
      ErrorCode::ProtocolError, "push is disabled");
}

// Section 6.7: PING

TEST_F(ServerFrames, AnswerAPingWithItsPayload) {
  EXPECT_TRUE(server.receive(ping("abcdefgh")));
  EXPECT_EQ(take(server.session.output()), ping("abcdefgh", flag::kAck));
  EXPECT_THAT(server.events(), ElementsAre("ping"));
}

TEST_F(ServerFrames, DoNotAnswerAPingAck) {
  EXPECT_TRUE(server.receive(ping(std::string_view("\0\0\0\0\0\0\0\x05", 8), flag::kAck)));
  EXPECT_THAT(server.frames(), IsEmpty());
  EXPECT_THAT(server.events(), ElementsAre("ping ack 5"));
}

TEST_F(ServerFrames, RejectAMissizedPingOrOneOnAStream) {
  expect_connection_error(ping("1234567"), ErrorCode::FrameSizeError,
                          "a PING frame has 7 bytes, it needs 8");
  Recorder other{plain(Role::Server)};
  EXPECT_FALSE(other.receive(client_preface() + frame(FrameType::Ping, 0, 1, "12345678")));
  EXPECT_THAT(other.events(), ElementsAre("settings", "error PROTOCOL_ERROR"));
}

// Section 6.8: GOAWAY

TEST_F(ServerFrames, RejectAGoawayThatIsTooShort) {
  expect_connection_error(frame(FrameType::Goaway, 0, 0, "1234567"), ErrorCode::FrameSizeError,
                          "a GOAWAY frame has 7 bytes, it needs 8");
}

TEST_F(ServerFrames, RejectAGoawayWhoseLastIdGrows) {
  EXPECT_TRUE(server.receive(goaway(3, ErrorCode::NoError, "bye")));
  EXPECT_THAT(server.events(), ElementsAre("goaway 3 NO_ERROR bye"));
  expect_connection_error(goaway(5, ErrorCode::NoError), ErrorCode::ProtocolError,
                          "GOAWAY has the last stream id 5, above the earlier one of 3");
}

// Section 6.9: WINDOW_UPDATE

TEST_F(ServerFrames, RejectAWindowUpdateOfZeroOnTheConnection) {
  expect_connection_error(window_update(0, 0), ErrorCode::ProtocolError, "an increment of 0");
}

TEST_F(ServerFrames, ResetAStreamForAWindowUpdateOfZero) {
  server.receive(headers(1, kRequest));
  expect_stream_error(window_update(1, 0), ErrorCode::ProtocolError, "section 6.9");
}

TEST_F(ServerFrames, RejectAConnectionWindowAboveTheLimit) {
  expect_connection_error(window_update(0, kLargestWindow), ErrorCode::FlowControlError,
                          "WINDOW_UPDATE of 2147483647 takes the connection's window above");
}

TEST_F(ServerFrames, ResetAStreamWhoseWindowGoesAboveTheLimit) {
  server.receive(headers(1, kRequest));
  expect_stream_error(window_update(1, kLargestWindow), ErrorCode::FlowControlError, "6.9.1");
}

TEST_F(ServerFrames, RejectSettingsThatTakeAStreamsWindowAboveTheLimit) {
  server.receive(headers(1, kRequest) + window_update(1, kLargestWindow - kDefaultWindow));
  expect_connection_error(settings({{SettingId::InitialWindowSize, kDefaultWindow + 1}}),
                          ErrorCode::FlowControlError, "takes a stream's window above");
}

TEST_F(ServerFrames, RejectAWindowUpdateOfTheWrongSize) {
  expect_connection_error(frame(FrameType::WindowUpdate, 0, 0, "123"), ErrorCode::FrameSizeError,
                          "a WINDOW_UPDATE frame has 3 bytes, it needs 4");
}

TEST_F(ServerFrames, RejectAWindowUpdateOnAnIdleStream) {
  expect_connection_error(window_update(1, 10), ErrorCode::ProtocolError, "which is idle");
}

}  // namespace
}  // namespace weft::http2
