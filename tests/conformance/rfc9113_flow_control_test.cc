#include <gtest/gtest.h>

#include "tests/conformance/server_row.h"

// RFC 9113 sections 5.2 and 6.9: windows, as the server keeps them and as it holds the client to.

namespace weft::conformance {
namespace {

constexpr auto kProtocol = ErrorCode::ProtocolError;
constexpr auto kFrameSize = ErrorCode::FrameSizeError;
constexpr auto kFlowControl = ErrorCode::FlowControlError;

/// A unary call that is answered with `n` bytes of message and 7 to 11 around it.
std::string large_call(std::uint32_t id, std::size_t n) {
  std::string proto = octets({0x0a});
  for (std::size_t rest = n; rest != 0; rest /= 128) {
    proto += static_cast<char>(rest % 128 + (rest >= 128 ? 128 : 0));
  }
  std::string body = grpc_message(proto.append(n, 'x'));
  std::string out = headers(id, kUnary);
  for (; body.size() > 16384; body.erase(0, 16384)) out += data(id, body.substr(0, 16384));
  return out + data(id, body, EndStream::Yes);
}

Step until_data(std::uint32_t id, std::size_t size) {
  return std::function([id, size](RawConnection& connection) {
    EXPECT_TRUE(connection.read_until([&] { return connection.data_size(id) >= size; }))
        << connection.log();
  });
}

std::function<void(RawConnection&)> has_sent(std::uint32_t id, std::size_t size) {
  return [id, size](RawConnection& connection) { EXPECT_EQ(connection.data_size(id), size); };
}

std::function<void(RawConnection&)> largest_data_is(std::size_t size) {
  return [size](RawConnection& connection) {
    for (const Frame& frame : connection.frames()) {
      if (frame.type == FrameType::Data) {
        EXPECT_LE(frame.payload.size(), size);
      }
    }
  };
}

std::string many(const std::string& bytes, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += bytes;
  return out;
}

const int kWindowUpdate = add_tests(
    "Rfc9113/Section",
    {
        {"6_9",
         "IncrementOfZeroOnAStreamIsProtocolError",
         "A receiver MUST treat the receipt of a WINDOW_UPDATE frame with a flow-control window "
         "increment of 0 as a stream error of type PROTOCOL_ERROR",
         {open(1) + window_update(1, 0)},
         stream_error(1, kProtocol)},
        {"6_9",
         "IncrementOfZeroOnAHalfClosedStreamIsProtocolError",
         "as above",
         {waiting(1) + window_update(1, 0)},
         stream_error(1, kProtocol)},
        {"6_9",
         "IncrementOfZeroOnTheConnectionIsProtocolError",
         "errors on the connection flow-control window MUST be treated as a connection error",
         {window_update(0, 0)},
         connection_error(kProtocol)},
        {"6_9",
         "IncrementOfZeroWithTheReservedBitIsProtocolError",
         "the reserved bit is no part of the increment",
         {window_update(0, 0x80000000)},
         connection_error(kProtocol)},
        {"6_9",
         "ReservedBitIsIgnored",
         "as above",
         {window_update(0, 0x80000001) + call(1)},
         served()},
        {"6_9",
         "ShortWindowUpdateIsFrameSizeError",
         "A WINDOW_UPDATE frame with a length other than 4 octets MUST be treated as a connection "
         "error of type FRAME_SIZE_ERROR",
         {frame(FrameType::WindowUpdate, 0, 0, "abc")},
         connection_error(kFrameSize)},
        {"6_9",
         "LongWindowUpdateOnAStreamIsFrameSizeError",
         "as above",
         {open(1) + frame(FrameType::WindowUpdate, 0, 1, "abcde")},
         connection_error(kFrameSize)},
        {"6_9",
         "WindowUpdateOnAnIdleStreamIsProtocolError",
         "section 5.1",
         {window_update(3, 10)},
         connection_error(kProtocol)},
        {"6_9",
         "DataOfAResetStreamCountsOnTheConnection",
         "A receiver that receives a flow-controlled frame MUST always account for its "
         "contribution "
         "against the connection flow-control window",
         {open(1) + window_update(1, 0), end_of(1), many(data(1, std::string(1000, 'x')), 100)},
         stream_error(1, kProtocol) &&
             [](RawConnection& c) { EXPECT_GE(c.count(FrameType::WindowUpdate, 0), 2U); },
         kAfterHandshake,
         kNarrow},

        {"6_9_1",
         "SumAbove2To31Minus1OnAStreamIsFlowControlError",
         "If a sender receives a WINDOW_UPDATE that causes a flow-control window to exceed this "
         "maximum, it MUST terminate either the stream or the connection: RST_STREAM with "
         "FLOW_CONTROL_ERROR",
         {open(1) + window_update(1, 0x7fffffff)},
         stream_error(1, kFlowControl)},
        {"6_9_1",
         "SeveralSumsAbove2To31Minus1OnAStreamAreFlowControlError",
         "as above",
         {waiting(1) + window_update(1, 0x7fff0000) + window_update(1, 1)},
         stream_error(1, kFlowControl)},
        {"6_9_1",
         "SumAbove2To31Minus1OnTheConnectionIsFlowControlError",
         "for the connection, a GOAWAY frame with FLOW_CONTROL_ERROR",
         {window_update(0, 0x7fffffff)},
         connection_error(kFlowControl)},
        {"6_9_1",
         "SeveralSumsAbove2To31Minus1OnTheConnectionAreFlowControlError",
         "as above",
         {window_update(0, 0x7fff0000) + window_update(0, 1)},
         connection_error(kFlowControl)},
        {"6_9_1",
         "LargestWindowOfAStreamIsAccepted",
         "MUST NOT exceed 2^31-1 octets",
         {headers(1, kUnary) + window_update(1, 0x7fff0000) +
          data(1, message("hi"), EndStream::Yes)},
         served()},
        {"6_9_1",
         "LargestWindowOfTheConnectionIsAccepted",
         "as above",
         {window_update(0, 0x7fff0000) + call(1)},
         served()},
        {"6_9_1",
         "DataBeyondTheStreamsWindowIsFlowControlError",
         "A receiver MAY respond with a stream error or connection error of type "
         "FLOW_CONTROL_ERROR if it is unable to accept a frame",
         {settled(), open(1) + data(1, std::string(1001, '\0'))},
         stream_error(1, kFlowControl),
         kAfterHandshake,
         kNarrow},
        {"6_9_1",
         "DataUpToTheStreamsWindowIsAccepted",
         "as above",
         {headers(1, kUnary) + padded_data(1, message("hi"), 255, std::string(255, '\0')) +
          padded_data(1, "", 255, std::string(255, '\0')) +
          padded_data(1, "", 255, std::string(255, '\0')) +
          padded_data(1, "", 200, std::string(200, '\0'), 1)},
         served(),
         kAfterHandshake,
         kNarrow},
        {"6_9_1",
         "PaddingCountsAgainstTheWindow",
         "The entire DATA frame payload is included in flow control, including the Pad Length and "
         "Padding fields",
         {settled(), open(1) + padded_data(1, std::string(900, '\0'), 100, std::string(100, '\0'))},
         stream_error(1, kFlowControl),
         kAfterHandshake,
         kNarrow},
        {"6_9_1",
         "EmptyDataNeedsNoWindow",
         "Frames with zero length with the END_STREAM flag set MAY be sent if there is no "
         "available "
         "space in either flow-control window",
         {settings({{SettingId::InitialWindowSize, 0}}), settled(),
          headers(1, grpc_request("/test.Kinds/Collect")) + data(1, "", EndStream::Yes)},
         accepted()},
        {"6_9_1",
         "HeadersNeedNoWindow",
         "only DATA frames are subject to flow control",
         {settings({{SettingId::InitialWindowSize, 0}}),
          headers(1, grpc_request("/test.Kinds/None"), EndStream::Yes)},
         grpc_status(1, "12")},
        {"6_9_1",
         "ServerStopsAtTheStreamsWindow",
         "The sender MUST NOT send a flow-controlled frame with a length that exceeds the space "
         "available",
         {settings({{SettingId::InitialWindowSize, 10}}), call(1, "123456"), until_data(1, 10),
          settled()},
         accepted() && has_sent(1, 10)},
        {"6_9_1",
         "ServerGoesOnWhenTheStreamsWindowOpens",
         "as above",
         {settings({{SettingId::InitialWindowSize, 10}}), call(1, "123456"), until_data(1, 10),
          window_update(1, 1), until_data(1, 11), window_update(1, 2)},
         served() && has_sent(1, 13)},
        {"6_9_1",
         "ServerStopsAtTheConnectionsWindow",
         "as above",
         {settings({{SettingId::InitialWindowSize, 1000000}}), large_call(1, 100000),
          until_data(1, 65535), settled()},
         accepted() && has_sent(1, 65535)},
        {"6_9_1",
         "ServerGoesOnWhenTheConnectionsWindowOpens",
         "as above",
         {settings({{SettingId::InitialWindowSize, 1000000}}), large_call(1, 100000),
          until_data(1, 65535), window_update(0, 100000)},
         served() && has_sent(1, 100009)},
        {"6_9_1",
         "StreamsWindowAloneDoesNotOpenTheConnections",
         "as above",
         {large_call(1, 100000), until_data(1, 65535), window_update(1, 100000), settled()},
         accepted() && has_sent(1, 65535)},
        {"6_9_1",
         "ServerKeepsToTheFrameSize",
         "section 4.2: no frame larger than the peer's SETTINGS_MAX_FRAME_SIZE",
         {large_call(1, 60000)},
         served() && largest_data_is(16384)},

        {"6_9_2",
         "LargerInitialWindowOpensStreams",
         "a receiver MUST adjust the size of all stream flow-control windows that it maintains by "
         "the difference between the new value and the old value",
         {settings({{SettingId::InitialWindowSize, 10}}), call(1, "123456"), until_data(1, 10),
          settings({{SettingId::InitialWindowSize, 12}}), until_data(1, 12), settled(),
          settings({{SettingId::InitialWindowSize, 100}})},
         served() && has_sent(1, 13)},
        {"6_9_2",
         "WindowMayBecomeNegative",
         "A sender MUST track the negative flow-control window and MUST NOT send new "
         "flow-controlled "
         "frames until it receives WINDOW_UPDATE frames that cause it to become positive",
         {settings({{SettingId::InitialWindowSize, 10}}), call(1, "123456"), until_data(1, 10),
          settings({{SettingId::InitialWindowSize, 3}}), window_update(1, 7), settled()},
         accepted() && has_sent(1, 10)},
        {"6_9_2",
         "NegativeWindowComesBack",
         "as above",
         {settings({{SettingId::InitialWindowSize, 10}}), call(1, "123456"), until_data(1, 10),
          settings({{SettingId::InitialWindowSize, 0}}), window_update(1, 11), until_data(1, 11),
          window_update(1, 5)},
         served() && has_sent(1, 13)},
        {"6_9_2",
         "WindowAbove2To31Minus1BySettingsIsFlowControlError",
         "a change to SETTINGS_INITIAL_WINDOW_SIZE that causes any flow-control window to exceed "
         "the maximum size MUST be treated as a connection error of type FLOW_CONTROL_ERROR",
         {open(1) + window_update(1, 1) + settings({{SettingId::InitialWindowSize, 0x7fffffff}})},
         connection_error(kFlowControl)},
        {"6_9_2",
         "SettingsDoNotChangeTheConnectionsWindow",
         "the connection flow-control window can only be changed using WINDOW_UPDATE frames",
         {window_update(0, 0x7fff0000) + settings({{SettingId::InitialWindowSize, 0x7fffffff}}) +
          call(1)},
         served()},
        {"6_9_2",
         "ZeroInitialWindowHoldsNewStreams",
         "the value applies to new streams",
         {settings({{SettingId::InitialWindowSize, 0}}), call(1), settled()},
         accepted() && has_sent(1, 0)},
        {"6_9_2",
         "ZeroInitialWindowThenCreditServes",
         "as above",
         {settings({{SettingId::InitialWindowSize, 0}}), call(1), settled(),
          window_update(1, 65535)},
         served()},
        {"6_9_3",
         "DataSentBeforeTheSmallerWindowWasAcknowledgedIsAccepted",
         "the client may send by the default window until it has seen the server's SETTINGS",
         {std::string(http2::kClientPreface) + settings() + large_call(1, 30000)},
         served(),
         kRaw,
         kNarrow},
    });

}  // namespace
}  // namespace weft::conformance
