#include "tools/weft/schema/source/foreign_descriptors.h"

#include <string>

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "tools/weft/json/json_codec.h"
#include "tools/weft/schema/proto_text.h"
#include "tools/weft/schema/source/reflected_files.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

pb::FileDescriptorProto parsed(const char* text) {
  pb::FileDescriptorProto file;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(text, &file));
  return file;
}

Status take(ReflectedFiles& files, const pb::FileDescriptorProto& file) {
  return files.take(file.SerializeAsString());
}

// As @grpc/reflection of Node sends it.
constexpr const char* kNode = R"(
  name: "a.proto" package: "p" syntax: "proto3"
  message_type {
    name: "M"
    field { name: "my_labels" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".p.M.My_labelsEntry" }
    field { name: "other" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: "OtherEntry" }
    nested_type {
      name: "My_labelsEntry"
      field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
      field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING }
      options { map_entry: true }
    }
    nested_type {
      name: "OtherEntry"
      field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
      field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_INT32 }
      options { map_entry: true }
    }
  }
)";

TEST(ForeignDescriptors, MapEntriesOfNodeAreNamedAsProtocDoes) {
  ReflectedFiles files;
  ASSERT_TRUE(take(files, parsed(kNode)).ok());
  const Result<Schema> schema = files.schema({});
  ASSERT_TRUE(schema.ok()) << schema.status().to_string();
  const std::string text = describe(*schema, "p.M").value();
  EXPECT_NE(text.find("map<string, string> my_labels = 1;"), std::string::npos) << text;
  EXPECT_NE(text.find("map<string, int32> other = 2;"), std::string::npos) << text;
  const pb::Descriptor& type = *schema->pool().FindMessageTypeByName("p.M");
  EXPECT_EQ(decode_to_json(*schema, type, "\x0a\x06\x0a\x01k\x12\x01v").value(),
            R"({"myLabels":{"k":"v"}})");
}

constexpr const char* kEdition = R"(
  name: "a.proto" package: "p" syntax: "editions"
  message_type {
    name: "M"
    field { name: "number" number: 1 label: LABEL_OPTIONAL type: TYPE_INT32 }
    field { name: "list" number: 2 label: LABEL_REPEATED type: TYPE_INT32 }
    field { name: "child" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".p.M" }
    field { name: "spread" number: 4 label: LABEL_REPEATED type: TYPE_INT32 }
  }
)";

/// `options` with a FeatureSet in the field `number`.
template <class Options>
void set_feature(Options& options, int number, int feature, int value) {
  pb::UnknownFieldSet set;
  set.AddVarint(feature, static_cast<std::uint64_t>(value));
  std::string bytes;
  set.SerializeToString(&bytes);
  options.mutable_unknown_fields()->AddLengthDelimited(number, bytes);
}

TEST(ForeignDescriptors, AnEditionIsReadAsWhatItMeans) {
  pb::FileDescriptorProto file = parsed(kEdition);
  file.mutable_unknown_fields()->AddVarint(14, 1000);
  pb::DescriptorProto& message = *file.mutable_message_type(0);
  set_feature(*message.mutable_field(2)->mutable_options(), 21, 5, 2);
  set_feature(*message.mutable_field(3)->mutable_options(), 21, 3, 2);
  ASSERT_TRUE(translate_edition(file).ok());
  EXPECT_EQ(file.syntax(), "proto2");
  EXPECT_TRUE(message.field(1).options().packed());
  EXPECT_EQ(message.field(2).type(), pb::FieldDescriptorProto::TYPE_GROUP);
  EXPECT_FALSE(message.field(3).options().packed());
  EXPECT_FALSE(message.field(0).options().packed());
  ReflectedFiles files;
  ASSERT_TRUE(take(files, file).ok());
  const Result<Schema> schema = files.schema({});
  ASSERT_TRUE(schema.ok()) << schema.status().to_string();
  const pb::Descriptor& type = *schema->pool().FindMessageTypeByName("p.M");
  EXPECT_EQ(decode_to_json(*schema, type, "\x08\x07\x12\x02\x01\x02").value(),
            R"({"number":7,"list":[1,2]})");
}

TEST(ForeignDescriptors, ImplicitPresenceOfAnEditionIsKept) {
  pb::FileDescriptorProto file = parsed(kEdition);
  file.mutable_unknown_fields()->AddVarint(14, 1000);
  set_feature(*file.mutable_options(), 50, 1, 2);
  pb::FieldDescriptorProto& explicit_one = *file.mutable_message_type(0)->add_field();
  explicit_one = file.message_type(0).field(0);
  explicit_one.set_name("explicit");
  explicit_one.set_number(5);
  set_feature(*explicit_one.mutable_options(), 21, 1, 1);
  ReflectedFiles files;
  ASSERT_TRUE(take(files, file).ok());
  const Result<Schema> schema = files.schema({});
  ASSERT_TRUE(schema.ok()) << schema.status().to_string();
  const pb::Descriptor& type = *schema->pool().FindMessageTypeByName("p.M");
  EXPECT_EQ(decode_to_json(*schema, type, "", {.emit_defaults = true}).value(),
            R"({"number":0,"list":[],"spread":[]})");
  EXPECT_EQ(describe(*schema, "p.M").value().find("features"), std::string::npos);
}

TEST(ForeignDescriptors, FeaturesAreHandedDown) {
  pb::FileDescriptorProto file = parsed(kEdition);
  file.mutable_unknown_fields()->AddVarint(14, 1001);
  set_feature(*file.mutable_options(), 50, 1, 3);
  set_feature(*file.mutable_message_type(0)->mutable_options(), 12, 3, 2);
  set_feature(*file.mutable_message_type(0)->mutable_field(2)->mutable_options(), 21, 1, 1);
  ASSERT_TRUE(translate_edition(file).ok());
  const pb::DescriptorProto& message = file.message_type(0);
  EXPECT_EQ(message.field(0).label(), pb::FieldDescriptorProto::LABEL_REQUIRED);
  EXPECT_FALSE(message.field(1).options().packed());
  EXPECT_EQ(message.field(2).label(), pb::FieldDescriptorProto::LABEL_OPTIONAL);
}

TEST(ForeignDescriptors, AnEditionToComeIsLeftOutAndNamed) {
  pb::FileDescriptorProto file = parsed(kEdition);
  file.mutable_unknown_fields()->AddVarint(14, 2000);
  file.add_service()->set_name("S");
  ReflectedFiles files;
  ASSERT_TRUE(take(files, file).ok());
  pb::FileDescriptorProto other;
  other.set_name("b.proto");
  other.add_message_type()->set_name("Other");
  ASSERT_TRUE(take(files, other).ok());
  const Result<Schema> schema = files.schema({"p.S"});
  ASSERT_TRUE(schema.ok()) << schema.status().to_string();
  EXPECT_TRUE(describe(*schema, "Other").ok());
  const Status status = schema->service("p.S").status();
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_EQ(
      status.message(),
      "the server's 'p.S' cannot be used: a.proto: it has syntax editions, edition 2000; known "
      "are proto2, proto3 and the editions 2023 (1000) and 2024 (1001): give it in one of "
      "these with --proto");
}

TEST(ForeignDescriptors, ABadFileLeavesTheOthersUsable) {
  ReflectedFiles files;
  ASSERT_TRUE(take(files, parsed(R"(name: "good.proto" message_type { name: "Good" })")).ok());
  ASSERT_TRUE(take(files, parsed(R"(name: "bad.proto" service { name: "Bad" }
                                    message_type { name: "M" } message_type { name: "M" })"))
                  .ok());
  ASSERT_TRUE(take(files, parsed(R"(name: "mi.proto" package: "mi" dependency: "lost.proto"
                                    service { name: "Svc" })"))
                  .ok());
  EXPECT_EQ(files.next_missing(), "lost.proto");
  files.give_up("lost.proto", "the server does not send this import: NOT_FOUND: no");
  EXPECT_EQ(files.next_missing(), "");
  const Result<Schema> schema = files.schema({"Bad", "mi.Svc"});
  ASSERT_TRUE(schema.ok()) << schema.status().to_string();
  EXPECT_TRUE(describe(*schema, "Good").ok());
  for (const char* name : {"Bad", "mi.Svc"}) {
    const Status status = describe(*schema, name).status();
    EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
    const std::string message(status.message());
    EXPECT_NE(message.find("lost.proto: the server does not send this import: NOT_FOUND: no"),
              std::string::npos)
        << message;
    EXPECT_NE(message.find("bad.proto: M: \"M\" is already defined"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace weft::cli
