// The codec by itself; calls with it are in tests/rpc/xml_test.cc.

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>

#include "weft/codec/xml/xml.h"

#include "kinds.pb.h"
#include "kinds_lite.pb.h"

namespace weft {
namespace {

TEST(XmlCodec, WritesAndReadsByItsOptions) {
  formats::Item item;
  item.set_in_stock(true);
  const auto codec =
      xml_codec({.write = {.declared_names = true}, .read = {.ignore_unknown = true}});
  EXPECT_EQ(codec->name(), "xml");
  const Result<Message> written = codec->encode(item);
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written->bytes().view(), "<Item><in_stock>true</in_stock></Item>");
  formats::Item back;
  EXPECT_TRUE(codec->decode(Message(Bytes::copy_of("<Item><id>5</id><a/></Item>")), back).ok());
  EXPECT_EQ(back.id(), 5);
}

TEST(XmlCodec, ReadsMessagesInPieces) {
  const std::vector<Bytes> pieces = {Bytes::copy_of("<Item><name>a"),
                                     Bytes::copy_of("b</name></Item>")};
  formats::Item item;
  ASSERT_TRUE(xml_codec()->decode(Message(pieces), item).ok());
  EXPECT_EQ(item.name(), "ab");
}

TEST(XmlCodec, RefusesMessagesOfTheLiteRuntime) {
  formats::Lite lite;
  const Status written = xml_codec()->encode(lite).status();
  EXPECT_EQ(written.code(), StatusCode::Internal);
  EXPECT_THAT(std::string(written.message()),
              ::testing::StartsWith("weft.formats.Lite is of protobuf's lite runtime"));
  EXPECT_FALSE(xml_codec()->decode(Message(Bytes::copy_of("<Lite/>")), lite).ok());
}

}  // namespace
}  // namespace weft
