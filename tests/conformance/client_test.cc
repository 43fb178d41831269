#include <gtest/gtest.h>

#include "tests/conformance/client_row.h"

// RFC 9113 as a client has to keep it, against a server by hand.

namespace weft::conformance {
namespace {

using Kind = ClientOutcome::Kind;
using testing::grpc_response;
using testing::grpc_trailers;
using testing::ScriptedPeer;

constexpr auto kProtocol = ErrorCode::ProtocolError;
constexpr auto kFrameSize = ErrorCode::FrameSizeError;
constexpr auto kFlowControl = ErrorCode::FlowControlError;
constexpr auto kStreamClosed = ErrorCode::StreamClosed;
constexpr auto kCompression = ErrorCode::CompressionError;

ClientOutcome breaks(ErrorCode code) { return {Kind::ConnectionError, code}; }
ClientOutcome resets(ErrorCode code) { return {Kind::StreamError, code}; }
ClientOutcome serves() { return ClientOutcome(Kind::Served); }
ClientOutcome fails(StatusCode status) { return {Kind::Fails, ErrorCode::NoError, status}; }
ClientOutcome ends() { return ClientOutcome(Kind::ServedAtLast); }
ClientOutcome repeats() { return ClientOutcome(Kind::Repeated); }
ClientOutcome goes_on() { return ClientOutcome(Kind::Pending); }
ClientOutcome operator&&(ClientOutcome outcome, std::function<void(ScriptedPeer&)> check) {
  outcome.check = std::move(check);
  return outcome;
}

const Fields kOk = grpc_response();
const std::string kHead = headers(1, kOk);
const std::string kBody = data(1, message("hi"));
const std::string kTail = headers(1, grpc_trailers(0), EndStream::Yes);
const std::string kAnswer = kHead + kBody + kTail;

/// A response that begins with these fields.
std::string begins(const Fields& fields) { return headers(1, fields) + kBody + kTail; }
/// A whole response with one more field.
std::string has(const std::string& name, const std::string& value) {
  return begins(plus(kOk, {{name, value}}));
}
/// A whole response whose trailers have one more field.
std::string ends_with(const std::string& name, const std::string& value) {
  return kHead + kBody + headers(1, plus(grpc_trailers(0), {{name, value}}), EndStream::Yes);
}
/// The response's content as these DATA frames, announced as `length` bytes.
std::string sized(const std::string& length, const std::string& frames) {
  return headers(1, plus(kOk, {{"content-length", length}})) + frames;
}
std::string push_promise(std::uint32_t id, std::uint32_t promised) {
  return frame(FrameType::PushPromise, flag::kEndHeaders, id, u32(promised) + block(kUnary));
}

std::size_t setting_of(ScriptedPeer& peer, const std::string& wanted) {
  for (const Frame& frame : peer.frames()) {
    if (frame.type == FrameType::Settings && (frame.flags & flag::kAck) == 0) {
      return frame.payload.find(wanted);
    }
  }
  return std::string::npos;
}

const int kConnection = add_client_tests(
    "Rfc9113/Client",
    {
        {"3_4", "ServerWithoutSettingsFirstIsProtocolError",
         "a potentially empty SETTINGS frame that MUST be the first frame the server sends", "",
         breaks(kProtocol), ping() + settings()},
        {"3_4", "ServerThatBeginsWithAnAckIsProtocolError", "as above", "", breaks(kProtocol),
         settings_ack() + settings()},
        {"3_4", "ServerThatSpeaksHttp1IsProtocolError", "as above", "", breaks(kProtocol),
         "HTTP/1.1 400 Bad Request\r\n\r\n"},
        {"3_4", "ClientAcknowledgesTheServersSettings",
         "upon receiving SETTINGS the client acknowledges them", "",
         goes_on() &&
             [](ScriptedPeer& peer) {
               EXPECT_EQ(peer.expect(FrameType::Settings, 0).flags, 0);
               EXPECT_EQ(peer.expect(FrameType::Settings, 0).flags, flag::kAck);
             }},
        {"4_1", "UnknownTypeIsIgnored", "Implementations MUST ignore frames of unknown types",
         frame(static_cast<FrameType>(0x42), 0xff, 1, "x") +
             frame(static_cast<FrameType>(0x43), 0, 0, "x") + kAnswer,
         serves()},
        {"4_2", "FrameAboveTheLimitIsFrameSizeError",
         "An endpoint MUST send an error code of FRAME_SIZE_ERROR",
         kHead + data(1, std::string(kFrameLimit + 1, 'x')), breaks(kFrameSize)},
        {"4_3", "BlockThatDoesNotDecodeIsCompressionError",
         "a connection error of type COMPRESSION_ERROR", headers_frame(1, octets({0x80})),
         breaks(kCompression)},
        {"4_3", "SizeUpdateAboveTheLimitIsCompressionError", "RFC 7541 section 6.3",
         headers_frame(1, octets({0x3f, 0xff, 0xff, 0x03, 0x88})), breaks(kCompression)},
        {"5_1", "DataOnAnIdleStreamIsProtocolError",
         "Receiving any frame other than HEADERS or PRIORITY on a stream in this state MUST be "
         "treated as a connection error of type PROTOCOL_ERROR",
         data(3, "x"), breaks(kProtocol)},
        {"5_1", "HeadersOnAnIdleStreamAreProtocolError", "a server opens none but pushed ones",
         headers(3, kOk), breaks(kProtocol)},
        {"5_1", "WindowUpdateOnAnIdleStreamIsProtocolError", "as above", window_update(3, 1),
         breaks(kProtocol)},
        {"5_1", "RstStreamOnAnIdleStreamIsProtocolError", "as above",
         rst_stream(3, ErrorCode::Cancel), breaks(kProtocol)},
        {"5_1", "DataBehindEndStreamIsStreamClosed", "closed by END_STREAM on both sides",
         kAnswer + data(1, "x"), breaks(kStreamClosed)},
        {"5_1", "HeadersBehindEndStreamAreStreamClosed", "as above", kAnswer + kTail,
         breaks(kStreamClosed)},
        {"5_1", "WindowUpdateBehindEndStreamIsAccepted",
         "WINDOW_UPDATE or RST_STREAM can be received for a short period",
         kAnswer + window_update(1, 10) + rst_stream(1, ErrorCode::NoError), serves()},
        {"5_1_1", "HeadersOnAnEvenIdAreProtocolError",
         "streams of a server have even ids, and begin with PUSH_PROMISE", headers(2, kOk),
         breaks(kProtocol)},
        {"5_1_1", "DataOnAnEvenIdIsProtocolError", "as above", data(2, "x"), breaks(kProtocol)},
        {"5_1_1", "HeadersOnStreamZeroAreProtocolError", "section 6.2", headers(0, kOk),
         breaks(kProtocol)},
    });

const int kFrames = add_client_tests(
    "Rfc9113/Client",
    {
        {"6_1", "DataOnStreamZeroIsProtocolError", "section 6.1", data(0, "x"), breaks(kProtocol)},
        {"6_1", "PaddedDataIsAccepted", "DATA frames MAY also contain padding",
         kHead + padded_data(1, message("hi"), 9, std::string(9, '\0')) + kTail, serves()},
        {"6_1", "PaddingBeyondThePayloadIsProtocolError", "section 6.1",
         kHead + padded_data(1, "abc", 9, ""), breaks(kProtocol)},
        {"6_2", "PaddedHeadersWithPriorityAreAccepted", "section 6.2",
         headers_frame(1, octets({2}) + u32(0) + "\x10" + block(kOk) + "xx",
                       flag::kEndHeaders | flag::kPadded | flag::kPriority) +
             kBody + kTail,
         serves()},
        {"6_3", "PriorityFromAServerIsAccepted", "section 5.3: ignored", priority(1, 0) + kAnswer,
         serves()},
        {"6_4", "RstStreamEndsTheCall", "the code decides the status",
         rst_stream(1, ErrorCode::Cancel), fails(StatusCode::Cancelled)},
        {"6_4", "UnknownErrorCodeInRstStreamEndsTheCall", "section 7: like INTERNAL_ERROR",
         rst_stream(1, static_cast<ErrorCode>(0x12345)), fails(StatusCode::Internal)},
        {"6_4", "NoErrorBehindACompleteResponseIsAccepted",
         "section 8.1: Clients MUST NOT discard responses as a result of receiving such a "
         "RST_STREAM",
         kAnswer + rst_stream(1, ErrorCode::NoError), serves()},
        {"6_5", "ClientSendsEnablePushOfZero", "weft takes no pushed responses", "",
         goes_on() &&
             [](ScriptedPeer& peer) {
               EXPECT_NE(setting_of(peer, setting(2, 0)), std::string::npos);
             }},
        {"6_5_2", "EnablePushOfOneFromAServerIsProtocolError",
         "A client MUST treat receipt of a SETTINGS frame with SETTINGS_ENABLE_PUSH set to 1 as a "
         "connection error of type PROTOCOL_ERROR",
         settings({{SettingId::EnablePush, 1}}), breaks(kProtocol)},
        {"6_5_2", "EnablePushOfZeroFromAServerIsAccepted",
         "A server MUST NOT explicitly set this value to 1",
         settings({{SettingId::EnablePush, 0}}) + kAnswer, serves()},
        {"6_5_2", "InitialWindowSizeAbove2To31Minus1IsFlowControlError", "section 6.5.2",
         settings({{SettingId::InitialWindowSize, 0x80000000}}), breaks(kFlowControl)},
        {"6_5_2", "MaxFrameSizeOutOfRangeIsProtocolError", "section 6.5.2",
         settings({{SettingId::MaxFrameSize, 1}}), breaks(kProtocol)},
        {"6_5_3", "EachSettingsFrameIsAcknowledged", "section 6.5.3",
         settings() + settings() + kAnswer,
         serves() &&
             [](ScriptedPeer& peer) {
               int acks = 0;
               for (const Frame& frame : peer.frames()) {
                 acks += frame.type == FrameType::Settings && (frame.flags & flag::kAck) != 0;
               }
               EXPECT_EQ(acks, 3);
             }},
        {"6_6", "PushPromiseIsProtocolError",
         "PUSH_PROMISE MUST NOT be sent if the SETTINGS_ENABLE_PUSH setting of the peer endpoint "
         "is "
         "set to 0; an endpoint MUST treat the receipt as a connection error of type "
         "PROTOCOL_ERROR",
         push_promise(1, 2), breaks(kProtocol)},
        {"6_6", "PushPromiseOnAnIdleStreamIsProtocolError", "as above", push_promise(5, 2),
         breaks(kProtocol)},
        {"6_6", "PushPromiseOnStreamZeroIsProtocolError", "as above", push_promise(0, 2),
         breaks(kProtocol)},
        {"6_7", "PingIsAnswered", "section 6.7", ping("12345678") + kAnswer,
         serves() &&
             [](ScriptedPeer& peer) {
               EXPECT_EQ(peer.expect(FrameType::Ping, 0).payload, "12345678");
             }},
        {"6_7", "ShortPingIsFrameSizeError", "section 6.7", ping("1234"), breaks(kFrameSize)},
        {"6_8", "GoawayAboveTheCallLetsItEnd",
         "streams with lower-valued identifiers might have been processed",
         goaway(1, ErrorCode::NoError) + kAnswer, ends()},
        {"6_8", "GoawayBelowTheCallHasItRepeated",
         "Activity on streams numbered higher than the last stream identifier can be safely "
         "retried "
         "using a new connection",
         goaway(0, ErrorCode::NoError), repeats()},
        {"6_8", "GoawayWithAnErrorBelowTheCallHasItRepeated", "as above",
         goaway(0, ErrorCode::InternalError, "why"), repeats()},
        {"6_8", "GoawayWithALargerIdIsProtocolError",
         "Endpoints MUST NOT increase the value they send in the last stream identifier",
         goaway(1, ErrorCode::NoError) + goaway(3, ErrorCode::NoError), breaks(kProtocol)},
        {"6_8", "GoawayOnAStreamIsProtocolError", "section 6.8",
         frame(FrameType::Goaway, 0, 1, u32(0) + u32(0)), breaks(kProtocol)},
        {"6_9", "IncrementOfZeroOnAStreamIsProtocolError", "section 6.9", window_update(1, 0),
         resets(kProtocol)},
        {"6_9", "IncrementOfZeroOnTheConnectionIsProtocolError", "section 6.9", window_update(0, 0),
         breaks(kProtocol)},
        {"6_9_1", "WindowAbove2To31Minus1OnAStreamIsFlowControlError", "section 6.9.1",
         window_update(1, 0x7fffffff), resets(kFlowControl)},
        {"6_9_1", "WindowAbove2To31Minus1OnTheConnectionIsFlowControlError", "section 6.9.1",
         window_update(0, 0x7fffffff), breaks(kFlowControl)},
        {"6_10", "DataWithinABlockIsProtocolError", "section 6.10",
         headers_frame(1, block(kOk), 0) + data(1, "x"), breaks(kProtocol)},
        {"6_10", "BlockInFragmentsIsAccepted", "section 6.10",
         headers_frame(1, block(kOk).substr(0, 5), 0) + continuation(1, block(kOk).substr(5)) +
             kBody + kTail,
         serves()},
    });

const int kResponses = add_client_tests(
    "Rfc9113/Client",
    {
        {"8_1", "InformationalResponsesAreAccepted",
         "zero or more HEADERS frames containing informational (1xx) responses",
         headers(1, {{":status", "100"}}) + headers(1, {{":status", "103"}, {"link", "x"}}) +
             kAnswer,
         serves()},
        {"8_1", "InformationalResponseThatEndsTheStreamIsMalformed",
         "A HEADERS frame with the END_STREAM flag set that carries an informational status code "
         "is "
         "malformed",
         headers(1, {{":status", "100"}}, EndStream::Yes), resets(kProtocol)},
        {"8_1", "InformationalResponseBehindTheFinalOneIsMalformed",
         "a HEADERS frame without END_STREAM after the final status code",
         kHead + headers(1, {{":status", "100"}}), resets(kProtocol)},
        {"8_1", "DataBeforeHeadersIsMalformed", "a response begins with HEADERS",
         data(1, message("hi")), resets(kProtocol)},
        {"8_1", "DataBehindAnInformationalResponseIsMalformed", "as above",
         headers(1, {{":status", "100"}}) + data(1, "x"), resets(kProtocol)},
        {"8_1", "TrailersWithoutEndStreamAreMalformed",
         "An endpoint that receives a HEADERS frame without the END_STREAM flag set after the "
         "final "
         "status code MUST treat the response as malformed",
         kHead + kBody + headers(1, grpc_trailers(0)), resets(kProtocol)},
        {"8_1", "PseudoHeaderInTrailersIsMalformed",
         "Trailers MUST NOT include pseudo-header fields", ends_with(":status", "200"),
         resets(kProtocol)},
        {"8_1", "TrailersOnlyAreAccepted", "gRPC: one HEADERS frame that ends the stream",
         headers(1, plus(kOk, {{"grpc-status", "5"}}), EndStream::Yes),
         fails(StatusCode::NotFound)},
        {"8_1_1", "ContentLengthThatFitsIsAccepted", "section 8.1.1", sized("9", kBody) + kTail,
         serves()},
        {"8_1_1", "LessDataThanContentLengthIsMalformed", "section 8.1.1",
         sized("10", kBody) + kTail, resets(kProtocol)},
        {"8_1_1", "MoreDataThanContentLengthIsMalformed", "section 8.1.1",
         sized("8", kBody) + kTail, resets(kProtocol)},
        {"8_1_1", "ContentLengthWithEndStreamIsMalformed", "section 8.1.1",
         headers(1, plus(kOk, {{"content-length", "1"}, {"grpc-status", "0"}}), EndStream::Yes),
         resets(kProtocol)},
        {"8_1_1", "ContentLengthOf304IsNoPromise",
         "responses that are defined to have no content, such as 304, can have a non-zero "
         "content-length",
         headers(1, {{":status", "304"}, {"content-length", "7"}}, EndStream::Yes),
         fails(StatusCode::Unknown)},
        {"8_1_1", "ContentLengthThatIsNoNumberIsMalformed", "RFC 9110 section 8.6",
         sized("x", kBody) + kTail, resets(kProtocol)},
        {"8_2", "UpperCaseNameIsMalformed", "section 8.2.1", has("X-Test", "y"), resets(kProtocol)},
        {"8_2_1", "SpaceInANameIsMalformed", "section 8.2.1", has("a b", "y"), resets(kProtocol)},
        {"8_2_1", "EmptyNameIsMalformed", "section 8.2.1", has("", "y"), resets(kProtocol)},
        {"8_2_1", "LineFeedInAValueIsMalformed", "section 8.2.1", has("x", "a\nb"),
         resets(kProtocol)},
        {"8_2_1", "SpaceBeforeAValueIsMalformed", "section 8.2.1", has("x", " y"),
         resets(kProtocol)},
        {"8_2_1", "LineFeedInATrailerIsMalformed", "section 8.2.1", ends_with("x", "a\nb"),
         resets(kProtocol)},
        {"8_2_1", "OctetsAboveAsciiInAValueAreAccepted", "RFC 9110 section 5.5",
         has("x", "\xc3\xa4"), serves()},
        {"8_2_2", "ConnectionIsMalformed", "section 8.2.2", has("connection", "close"),
         resets(kProtocol)},
        {"8_2_2", "KeepAliveIsMalformed", "section 8.2.2", has("keep-alive", "timeout=5"),
         resets(kProtocol)},
        {"8_2_2", "ProxyConnectionIsMalformed", "section 8.2.2", has("proxy-connection", "close"),
         resets(kProtocol)},
        {"8_2_2", "TransferEncodingIsMalformed", "section 8.2.2",
         has("transfer-encoding", "chunked"), resets(kProtocol)},
        {"8_2_2", "UpgradeIsMalformed", "section 8.2.2", has("upgrade", "h2c"), resets(kProtocol)},
        {"8_2_2", "TeInAResponseIsMalformed",
         "the only exception to this is the TE header field, which MAY be present in a request",
         has("te", "trailers"), resets(kProtocol)},
        {"8_2_2", "ConnectionInTrailersIsMalformed", "section 8.2.2",
         ends_with("connection", "close"), resets(kProtocol)},
        {"8_3", "UnknownPseudoHeaderIsMalformed", "section 8.3",
         begins({{":status", "200"}, {":test", "x"}, {"content-type", "application/grpc"}}),
         resets(kProtocol)},
        {"8_3", "PseudoHeaderOfRequestsIsMalformed",
         "Pseudo-header fields defined for requests MUST NOT appear in responses",
         begins({{":status", "200"}, {":path", "/"}, {"content-type", "application/grpc"}}),
         resets(kProtocol)},
        {"8_3", "PseudoHeaderBehindARegularFieldIsMalformed", "section 8.3",
         begins({{"content-type", "application/grpc"}, {":status", "200"}}), resets(kProtocol)},
        {"8_3_2", "StatusMissingIsMalformed",
         "This pseudo-header field MUST be included in all responses; otherwise, the response is "
         "malformed",
         begins({{"content-type", "application/grpc"}}), resets(kProtocol)},
        {"8_3_2", "StatusTwiceIsMalformed", "section 8.3",
         begins({{":status", "200"}, {":status", "200"}}), resets(kProtocol)},
        {"8_3_2", "StatusOfTwoDigitsIsMalformed", "RFC 9110 section 15",
         begins({{":status", "20"}}), resets(kProtocol)},
        {"8_3_2", "StatusOfFourDigitsIsMalformed", "as above", begins({{":status", "2000"}}),
         resets(kProtocol)},
        {"8_3_2", "StatusThatIsNoNumberIsMalformed", "as above", begins({{":status", "2xx"}}),
         resets(kProtocol)},
        {"8_3_2", "EmptyStatusIsMalformed", "as above", begins({{":status", ""}}),
         resets(kProtocol)},
        {"8_3_2", "StatusBelow100IsMalformed", "as above", begins({{":status", "099"}}),
         resets(kProtocol)},
        {"8_4", "PushPromiseBehindTheResponseIsProtocolError", "section 6.6",
         kAnswer + push_promise(1, 2), breaks(kProtocol)},
        {"8_6", "SwitchingProtocolsIsMalformed",
         "HTTP/2 removes support for the 101 (Switching Protocols) informational status code",
         headers(1, {{":status", "101"}}), resets(kProtocol)},
        {"8_7", "RefusedStreamIsRepeated",
         "The REFUSED_STREAM error code indicates that the stream is being closed prior to any "
         "processing having occurred; requests can be safely retried",
         rst_stream(1, ErrorCode::RefusedStream), repeats()},
        {"8_7", "OtherResetsAreNotRepeated", "as above", rst_stream(1, ErrorCode::InternalError),
         fails(StatusCode::Internal)},
        {"10_5_1", "HeaderListAboveTheLimitEndsTheCallAlone", "the limit is announced",
         headers(1, grpc_response(Fields(600, {"many", "of them"}))),
         fails(StatusCode::ResourceExhausted)},
    });

}  // namespace
}  // namespace weft::conformance
