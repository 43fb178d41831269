#include "weft/testing/frames.h"

#include <gtest/gtest.h>

#include "weft/http2/hpack/hpack.h"

namespace weft::testing {
namespace {

using http2::FrameType;

TEST(Frames, HaveTheirLengthTypeFlagsAndStream) {
  EXPECT_EQ(data(3, "hello", EndStream::Yes), std::string("\0\0\5\0\1\0\0\0\3hello", 14));
  EXPECT_EQ(rst_stream(5, http2::ErrorCode::Cancel),
            std::string("\0\0\4\3\0\0\0\0\5\0\0\0\x8", 13));
  EXPECT_EQ(settings_ack(), std::string("\0\0\0\4\1\0\0\0\0", 9));
}

TEST(Frames, OfHeadersDecode) {
  const Fields fields = grpc_request("/a.B/C", {{"long", std::string(5000, 'v')}, {"empty", ""}});
  const std::string frame = headers(1, fields, EndStream::Yes);
  http2::HpackDecoder decoder({.table_size = 4096, .list_size = 1 << 20});
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(frame.data());
  const std::span block(bytes + http2::kFrameHeaderSize, frame.size() - http2::kFrameHeaderSize);
  ASSERT_EQ(decoder.decode(block), http2::HpackDecoder::Outcome::Ok);
  ASSERT_EQ(decoder.fields().size(), fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    EXPECT_EQ(decoder.fields()[i].name, fields[i].first);
    EXPECT_EQ(decoder.fields()[i].value, fields[i].second);
  }
}

TEST(Frames, SayWhatTheyAre) {
  const Frame end{
      .type = FrameType::Data, .flags = 1, .stream_id = 7, .payload = "xyz", .fields = {}};
  EXPECT_EQ(end.to_string(), "DATA 7 size=3 end_stream");
  Frame goaway{.type = FrameType::Goaway, .flags = 0, .stream_id = 0, .payload = {}, .fields = {}};
  goaway.payload = testing::goaway(9, http2::ErrorCode::EnhanceYourCalm, "slow down")
                       .substr(http2::kFrameHeaderSize);
  EXPECT_EQ(goaway.to_string(), "GOAWAY last=9 ENHANCE_YOUR_CALM slow down");
  EXPECT_EQ(goaway.error(), http2::ErrorCode::EnhanceYourCalm);
  const Frame unknown{
      .type = static_cast<FrameType>(99), .flags = 0, .stream_id = 1, .payload = {}, .fields = {}};
  EXPECT_EQ(unknown.to_string(), "UNKNOWN 1");
}

TEST(Frames, CutShortHaveNoNumbersInThem) {
  const Frame broken{
      .type = FrameType::Goaway, .flags = 0, .stream_id = 0, .payload = "ab", .fields = {}};
  EXPECT_EQ(broken.to_string(), "GOAWAY last=0 NO_ERROR");
}

}  // namespace
}  // namespace weft::testing
