// The codec by itself; calls with it are in tests/rpc/json_test.cc.

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.pb.h>

#include "weft/codec/json/json.h"

#include "kinds.pb.h"
#include "kinds_lite.pb.h"

namespace weft {
namespace {

namespace pb = google::protobuf;

TEST(JsonCodec, WritesAndReadsByItsOptions) {
  formats::Item item;
  item.set_in_stock(true);
  const auto codec =
      json_codec({.write = {.declared_names = true}, .read = {.ignore_unknown = true}});
  EXPECT_EQ(codec->name(), "json");
  const Result<Message> written = codec->encode(item);
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(written->bytes().view(), R"({"in_stock":true})");
  formats::Item back;
  EXPECT_TRUE(codec->decode(Message(Bytes::copy_of(R"({"id":"5","more":[]})")), back).ok());
  EXPECT_EQ(back.id(), 5);
}

TEST(JsonCodec, ReadsMessagesInPieces) {
  const std::vector<Bytes> pieces = {Bytes::copy_of(R"({"name":"a)"), Bytes::copy_of(R"(b"})")};
  formats::Item item;
  ASSERT_TRUE(json_codec()->decode(Message(pieces), item).ok());
  EXPECT_EQ(item.name(), "ab");
}

TEST(JsonCodec, RefusesMessagesOfTheLiteRuntime) {
  formats::Lite lite;
  const Status written = json_codec()->encode(lite).status();
  EXPECT_EQ(written.code(), StatusCode::Internal);
  EXPECT_THAT(std::string(written.message()),
              ::testing::StartsWith("weft.formats.Lite is of protobuf's lite runtime"));
  EXPECT_FALSE(json_codec()->decode(Message(Bytes::copy_of("{}")), lite).ok());
}

TEST(JsonCodec, FindsTypesInThePoolItWasGiven) {
  pb::FileDescriptorProto file;
  file.set_name("elsewhere.proto");
  file.set_package("elsewhere");
  pb::DescriptorProto& type = *file.add_message_type();
  type.set_name("D");
  pb::FieldDescriptorProto& field = *type.add_field();
  field.set_name("n");
  field.set_number(1);
  field.set_type(pb::FieldDescriptorProto::TYPE_INT32);
  field.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
  auto pool = std::make_shared<pb::DescriptorPool>();
  ASSERT_NE(pool->BuildFile(file), nullptr);
  pb::Any any;
  any.set_type_url("a.b/elsewhere.D");
  any.set_value("\x08\x05");
  EXPECT_FALSE(json_codec()->encode(any).ok());
  const auto codec = json_codec({.types = pool});
  const Result<Message> written = codec->encode(any);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->bytes().view(), R"({"@type":"a.b/elsewhere.D","n":5})");
  pb::Any back;
  ASSERT_TRUE(codec->decode(*written, back).ok());
  EXPECT_EQ(back.value(), any.value());
}

}  // namespace
}  // namespace weft
