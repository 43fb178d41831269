// The codec by itself; calls with it are in tests/rpc/msgpack_test.cc.

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>

#include "weft/codec/msgpack/msgpack.h"

#include "kinds.pb.h"
#include "kinds_lite.pb.h"

namespace weft {
namespace {

TEST(MsgpackCodec, WritesAndReadsByItsOptions) {
  formats::Item item;
  item.set_in_stock(true);
  const auto codec =
      msgpack_codec({.write = {.field_numbers = true}, .read = {.ignore_unknown = true}});
  EXPECT_EQ(codec->name(), "msgpack");
  const Result<Message> written = codec->encode(item);
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written->bytes().view(), "\x81\x03\xc3");
  formats::Item back;
  EXPECT_TRUE(codec->decode(Message(Bytes::copy_of("\x82\x01\x05\xa4more\x90")), back).ok());
  EXPECT_EQ(back.id(), 5);
}

TEST(MsgpackCodec, ReadsMessagesInPieces) {
  const std::vector<Bytes> pieces = {Bytes::copy_of("\x81\xa4na"), Bytes::copy_of("me\xa2"
                                                                                  "ab")};
  formats::Item item;
  ASSERT_TRUE(msgpack_codec()->decode(Message(pieces), item).ok());
  EXPECT_EQ(item.name(), "ab");
}

TEST(MsgpackCodec, RefusesMessagesOfTheLiteRuntime) {
  formats::Lite lite;
  const Status written = msgpack_codec()->encode(lite).status();
  EXPECT_EQ(written.code(), StatusCode::Internal);
  EXPECT_THAT(std::string(written.message()),
              ::testing::StartsWith("weft.formats.Lite is of protobuf's lite runtime"));
  EXPECT_FALSE(msgpack_codec()->decode(Message(Bytes::copy_of("\x80")), lite).ok());
}

}  // namespace
}  // namespace weft
