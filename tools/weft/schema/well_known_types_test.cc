#include "tools/weft/schema/well_known_types.h"

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

TEST_F(WellKnownTypes, ArePassedAsTheyAre) {
  const Schema usual = schema();
  EXPECT_TRUE(check_well_known_types(usual.pool()).ok());
  const auto& type = *usual.pool().FindMessageTypeByName("google.protobuf.Struct");
  const auto bytes = encode_json(usual, type, {.text = R"({"a":[1,null]})", .position = {}});
  ASSERT_TRUE(bytes.ok()) << bytes.status().to_string();
  EXPECT_EQ(decode_to_json(usual, type, *bytes).value(), R"({"a":[1,null]})");
}

TEST_F(WellKnownTypes, OfAnotherShapeHaveNoJson) {
  // Found by the fuzz target "schema": protobuf renders the field until it is a map.
  file.mutable_message_type(0)->mutable_nested_type(0)->clear_options();
  const Schema odd = schema();
  const auto& type = *odd.pool().FindMessageTypeByName("google.protobuf.Struct");
  const auto json = decode_to_json(odd, type, std::string("\x0a\x00", 2));
  EXPECT_EQ(json.status().code(), StatusCode::InvalidArgument);
  EXPECT_NE(json.status().message().find("google.protobuf.Struct in google/protobuf/struct.proto"),
            std::string::npos)
      << json.status().to_string();
  EXPECT_FALSE(encode_json(odd, type, {.text = "{}", .position = {}}).ok());
}

TEST_F(WellKnownTypes, WithAFieldMissingAreNoticed) {
  file.mutable_message_type(1)->mutable_field()->RemoveLast();
  EXPECT_FALSE(check_well_known_types(schema().pool()).ok());
}

}  // namespace
}  // namespace weft::cli
