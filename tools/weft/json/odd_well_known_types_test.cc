// Types that a server sends under the names of protobuf's own.

#include <memory>
#include <string>

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include "tools/weft/json/json_codec.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

class WellKnownTypes : public ::testing::Test {
 protected:
  WellKnownTypes() { pb::Struct::descriptor()->file()->CopyTo(&file); }
  Schema schema() {
    auto pool = std::make_shared<pb::DescriptorPool>();
    EXPECT_NE(pool->BuildFile(file), nullptr);
    return {pool, {}, {file.name()}};
  }
  pb::FileDescriptorProto file;
};

TEST_F(WellKnownTypes, HaveTheirOwnForm) {
  const Schema usual = schema();
  const auto& type = *usual.pool().FindMessageTypeByName("google.protobuf.Struct");
  const auto bytes = encode_json(usual, type, {.text = R"({"a":[1,null]})", .position = {}});
  ASSERT_TRUE(bytes.ok()) << bytes.status().to_string();
  EXPECT_EQ(decode_to_json(usual, type, *bytes).value(), R"({"a":[1,null]})");
}

TEST_F(WellKnownTypes, OfAnotherShapeAreOrdinaryMessages) {
  // Protobuf's own JSON functions never return from this one.
  file.mutable_message_type(0)->mutable_nested_type(0)->clear_options();
  const Schema odd = schema();
  const auto& type = *odd.pool().FindMessageTypeByName("google.protobuf.Struct");
  const std::string bytes("\x0a\x03\x0a\x01k", 5);
  EXPECT_EQ(decode_to_json(odd, type, bytes).value(), R"({"fields":[{"key":"k"}]})");
  const auto back = encode_json(odd, type, {.text = R"({"fields":[{"key":"k"}]})", .position = {}});
  EXPECT_EQ(back.value(), bytes);
}

TEST_F(WellKnownTypes, WithAFieldMissingAreOrdinaryMessages) {
  file.mutable_message_type(1)->mutable_field()->RemoveLast();
  const Schema odd = schema();
  const auto& type = *odd.pool().FindMessageTypeByName("google.protobuf.Value");
  EXPECT_EQ(decode_to_json(odd, type, "\x20\x01").value(), R"({"boolValue":true})");
}

}  // namespace
}  // namespace weft::cli
