#include "weft/http2/frame/frame.h"

#include <array>
#include <cstdint>

#include <gtest/gtest.h>

namespace weft::http2 {
namespace {

TEST(FrameHeader, IsNineBytesInNetworkOrder) {
  std::array<std::uint8_t, kFrameHeaderSize> bytes{};
  const FrameHeader header{.length = 0x123456,
                           .type = FrameType::Headers,
                           .flags = flag::kEndHeaders | flag::kEndStream,
                           .stream_id = 0x01020304};
  EXPECT_EQ(write_frame_header(bytes.data(), header), bytes.data() + bytes.size());
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 9>{0x12, 0x34, 0x56, 0x01, 0x05, 1, 2, 3, 4}));
  const FrameHeader back = read_frame_header(bytes.data());
  EXPECT_EQ(back.length, header.length);
  EXPECT_EQ(back.type, header.type);
  EXPECT_EQ(back.stream_id, header.stream_id);
  EXPECT_TRUE(back.has(flag::kEndStream));
  EXPECT_FALSE(back.has(flag::kPadded));
}

TEST(FrameHeader, IgnoresTheReservedBit) {
  const std::array<std::uint8_t, 9> bytes = {0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
  EXPECT_EQ(read_frame_header(bytes.data()).stream_id, kLargestStreamId);
}

TEST(ErrorCode, HasTheNameOfTheRfc) {
  EXPECT_EQ(name_of(ErrorCode::NoError), "NO_ERROR");
  EXPECT_EQ(name_of(ErrorCode::FlowControlError), "FLOW_CONTROL_ERROR");
  EXPECT_EQ(name_of(ErrorCode::Http11Required), "HTTP_1_1_REQUIRED");
  for (std::uint32_t code = 0; code <= 0xd; ++code) {
    EXPECT_NE(name_of(static_cast<ErrorCode>(code)), "UNKNOWN") << code;
  }
  EXPECT_EQ(name_of(static_cast<ErrorCode>(0xe)), "UNKNOWN");
}

}  // namespace
}  // namespace weft::http2
