// Messages and frames of DATA that are not what they seem.

#include <string>

#include "weft/codec/compression.h"

#include "tests/attacks/held_memory.h"
#include "tests/attacks/victim.h"

namespace weft::attacks {
namespace {

using namespace std::chrono_literals;
using http2::ErrorCode;
using http2::FrameType;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

/// The frame that ends the call, with its gRPC status; waits for it.
const Frame* outcome(Attacker& attacker, std::uint32_t id) {
  while (const Frame* headers = attacker.find(FrameType::Headers, id)) {
    if (!headers->field("grpc-status").empty()) return headers;
  }
  return nullptr;
}

class DecompressionBomb : public ::testing::TestWithParam<Compression> {};

TEST_P(DecompressionBomb, StopsAtTheSizeOfAMessage) {
  // A hundred million zeros in some hundred thousand bytes or less.
  const Result<Bytes> bomb = codec::compress(GetParam(), std::string(100'000'000, '\0'));
  ASSERT_TRUE(bomb.ok());
  ASSERT_LT(bomb->size(), 200'000U);
  Victim victim;
  Attacker attacker(victim.port());
  const PeakMemory memory;
  const std::string message = testing::grpc_message(bomb->view(), true);
  std::uint32_t id = 1;
  victim.outlive([&] {
    std::string request = testing::headers(
        id, testing::grpc_request("/test.Kinds/Unary",
                                  {{"grpc-encoding", std::string(name_of(GetParam()))}}));
    for (std::size_t at = 0; at < message.size(); at += 16384) {
      request += testing::data(id, std::string_view(message).substr(at, 16384));
    }
    attacker.send(request + testing::data(id, {}, EndStream::Yes));
    const Frame* end = outcome(attacker, id);
    ASSERT_NE(end, nullptr) << attacker.last_words();
    EXPECT_EQ(end->field("grpc-status"), "8");
    EXPECT_NE(end->field("grpc-message").find("4194304"), std::string_view::npos)
        << end->field("grpc-message");
    id += 2;
  });
  EXPECT_LT(memory.bytes(), 16 * kMiB);
}

INSTANTIATE_TEST_SUITE_P(Of, DecompressionBomb,
                         ::testing::Values(Compression::Gzip, Compression::Deflate,
                                           Compression::Zstd),
                         [](const auto& info) { return std::string(name_of(info.param)); });

// A frame of zstd that asks for a window of 128 MiB, with hardly a byte in it.
TEST(DecompressionBombs, OfAWindowAreRefused) {
  Victim victim;
  Attacker attacker(victim.port());
  const PeakMemory memory;
  // Magic, descriptor without a size, window of 2^27, one raw block of a byte, the last.
  const std::string frame = hex("28b52ffd") + hex("00") + hex("88") + hex("090000") + "x";
  attacker.send(
      testing::headers(1, testing::grpc_request("/test.Kinds/Unary", {{"grpc-encoding", "zstd"}})) +
      testing::data(1, testing::grpc_message(frame, true), EndStream::Yes));
  const Frame* end = outcome(attacker, 1);
  ASSERT_NE(end, nullptr) << attacker.last_words();
  EXPECT_EQ(end->field("grpc-status"), "13") << end->field("grpc-message");
  EXPECT_LT(memory.bytes(), 2 * kMiB);
}

TEST(MessageTooLarge, EndsTheCallAtItsPrefix) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(open_call(1) + testing::data(1, hex("0000400001")));
  const Frame* end = outcome(attacker, 1);
  ASSERT_NE(end, nullptr) << attacker.last_words();
  EXPECT_EQ(end->field("grpc-status"), "8");
  EXPECT_TRUE(attacker.round_trip()) << attacker.last_words();
}

TEST(WindowOverflow, OfAStreamIsReset) {
  Victim victim({.stream_window = 65535, .connection_window = 1024 * 1024, .max_window = 0});
  Attacker attacker(victim.port());
  attacker.send(open_call(1, "/test.Kinds/Collect"));
  const std::string part = testing::data(1, testing::grpc_message(std::string(15000, 'm')));
  for (int i = 0; i < 5; ++i) attacker.send(part);
  expect_reset(attacker, 1, ErrorCode::FlowControlError);
}

TEST(WindowOverflow, OfTheConnectionEndsIt) {
  Victim victim({.max_connection_memory = 256 * 1024, .connection_window = 65535, .max_window = 0});
  Attacker attacker(victim.port());
  // Beyond half of its budget the connection earns no more credit.
  for (std::uint32_t id = 1; id < 199; id += 2) {
    attacker.send(open_call(id, "/test.Kinds/Collect") +
                  testing::data(id, testing::grpc_message(std::string(15000, 'm'))));
  }
  EXPECT_TRUE(attacker.wait_closed());
  ASSERT_NE(attacker.goaway(), nullptr);
  EXPECT_EQ(attacker.goaway()->error(), ErrorCode::FlowControlError) << attacker.last_words();
}

TEST(WindowOverflow, ByUpdatesOfTheConnectionEndsIt) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(testing::window_update(0, 0x7fffffff));
  expect_sent_away(attacker, ErrorCode::FlowControlError, "window");
}

TEST(WindowOverflow, BySettingsEndsTheConnection) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(open_call(1, "/test.Kinds/Collect") + testing::window_update(1, 0x7fff0000));
  attacker.send(testing::settings({{http2::SettingId::InitialWindowSize, 0x7fffffff}}));
  expect_sent_away(attacker, ErrorCode::FlowControlError, "window");
}

/// Frames on streams that are not there to be used so.
struct Misuse {
  const char* name;
  ErrorCode code;
  std::string bytes;
};

class StreamIds : public ::testing::TestWithParam<Misuse> {};

TEST_P(StreamIds, MisusedEndTheConnection) {
  Victim victim;
  Attacker attacker(victim.port());
  attacker.send(GetParam().bytes);
  expect_sent_away(attacker, GetParam().code, "");
}

INSTANTIATE_TEST_SUITE_P(
    By, StreamIds,
    ::testing::Values(
        Misuse{"AnEvenId", ErrorCode::ProtocolError, open_call(2)},
        Misuse{"AnIdThatGoesBack", ErrorCode::ProtocolError, call(5) + open_call(3)},
        Misuse{"DataOnAnIdleStream", ErrorCode::ProtocolError, testing::data(1, "x")},
        Misuse{"ResetOfAnIdleStream", ErrorCode::ProtocolError,
               testing::rst_stream(1, ErrorCode::Cancel)},
        Misuse{"WindowUpdateOfAnIdleStream", ErrorCode::ProtocolError,
               testing::window_update(1, 1)},
        Misuse{"HeadersOnTheConnection", ErrorCode::ProtocolError, open_call(0)},
        Misuse{"DataOnTheConnection", ErrorCode::ProtocolError, testing::data(0, "x")},
        Misuse{"SettingsOnAStream", ErrorCode::ProtocolError,
               testing::frame(FrameType::Settings, 0, 1)},
        Misuse{"PingOnAStream", ErrorCode::ProtocolError,
               testing::frame(FrameType::Ping, 0, 1, "12345678")},
        Misuse{"PushPromise", ErrorCode::ProtocolError,
               testing::frame(FrameType::PushPromise, http2::flag::kEndHeaders, 1, "1234")},
        Misuse{"ContinuationOfNothing", ErrorCode::ProtocolError, continuation(1, "x", true)},
        Misuse{"AFrameWithinAHeaderBlock", ErrorCode::ProtocolError,
               open_headers(1, "\x83") + testing::ping()},
        Misuse{"ContinuationOfAnotherStream", ErrorCode::ProtocolError,
               open_headers(1, "\x83") + continuation(3, "x", true)},
        Misuse{"AFrameTooLarge", ErrorCode::FrameSizeError,
               open_call(1) + testing::data(1, std::string(64 * 1024 + 1, 'x'))},
        Misuse{
            "PaddingBeyondTheFrame", ErrorCode::ProtocolError,
            open_call(1) + testing::frame(FrameType::Data, http2::flag::kPadded, 1, hex("0578"))}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace weft::attacks
