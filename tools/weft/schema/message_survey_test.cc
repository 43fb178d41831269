#include "tools/weft/schema/message_survey.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/text_format.h>

#include "tools/weft/json/json_codec.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

constexpr const char* kFile = R"(
  name: "t.proto" package: "t" syntax: "proto3"
  dependency: "google/protobuf/any.proto"
  enum_type { name: "Kind" value { name: "PLAIN" number: 0 } value { name: "A_LONGER_NAME" number: 1 } }
  message_type {
    name: "Node"
    field { name: "text" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
    field { name: "child" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".t.Node" }
    field { name: "any" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Any" }
    field { name: "kinds" number: 4 label: LABEL_REPEATED type: TYPE_ENUM type_name: ".t.Kind" }
    field { name: "children" number: 5 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".t.Node" }
    field { name: "numbers" number: 6 label: LABEL_REPEATED type: TYPE_FIXED32 }
    field { name: "raw" number: 7 label: LABEL_OPTIONAL type: TYPE_BYTES }
  }
)";

std::string size_of(std::size_t size) {
  std::string out;
  for (;; size >>= 7) {
    out += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
    if (size <= 0x7f) return out;
  }
}

/// A field of bytes: number below 16.
std::string field(int number, const std::string& value) {
  return static_cast<char>(number << 3 | 2) + size_of(value.size()) + value;
}

/// So many levels, each of heads with the size of all that follows behind each head. Made from the
/// inside to the outside.
std::string nested_in(const std::vector<std::string>& heads, int levels) {
  std::vector<std::string> parts;
  std::size_t size = 0;
  for (int i = 0; i < levels; ++i) {
    for (auto head = heads.rbegin(); head != heads.rend(); ++head) {
      parts.push_back(*head + size_of(size));
      size += parts.back().size();
    }
  }
  std::string out;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) out += *part;
  return out;
}

class Survey : public ::testing::Test {
 protected:
  Survey() {
    auto pool = std::make_shared<pb::DescriptorPool>();
    pb::FileDescriptorProto file;
    pb::Any::descriptor()->file()->CopyTo(&file);
    EXPECT_NE(pool->BuildFile(file), nullptr);
    file.Clear();
    EXPECT_TRUE(pb::TextFormat::ParseFromString(kFile, &file));
    EXPECT_NE(pool->BuildFile(file), nullptr);
    schema_ = std::make_unique<Schema>(pool, std::vector<std::string>{},
                                       std::vector<std::string>{"t.proto"});
    node_ = pool->FindMessageTypeByName("t.Node");
  }
  Result<MessageSurvey> survey(const std::string& bytes) const {
    return survey_message(*node_, bytes);
  }
  Result<std::string> json(const std::string& bytes, DecodeOptions options = {}) const {
    return decode_to_json(*schema_, *node_, bytes, options);
  }
  /// A Node whose child has a child, and so on.
  static std::string nested(int depth) { return nested_in({"\x12"}, depth - 1); }
  /// A Node in an Any in a Node.
  static std::string nested_any(int depth) {
    return nested_in({"\x1a", field(1, "type.googleapis.com/t.Node") + "\x12"}, depth);
  }
  /// Any in Any.
  static std::string pure_any(int depth) {
    return field(3,
                 nested_in({field(1, "type.googleapis.com/google.protobuf.Any") + "\x12"}, depth));
  }

  std::unique_ptr<Schema> schema_;
  const pb::Descriptor* node_ = nullptr;
};

TEST_F(Survey, CountsMessagesAndValues) {
  const auto found = survey(field(1, "ab") + field(5, field(1, "c")) + field(5, "") +
                            field(6, std::string(12, '\0')));
  ASSERT_TRUE(found.ok()) << found.status().to_string();
  EXPECT_EQ(found->messages, 3U);
  EXPECT_EQ(found->values, 7U);
}

TEST_F(Survey, RefusesBytesThatAreNoMessage) {
  for (const std::string& bytes :
       {std::string("\x0a"),
        std::string("\x0a\x05"
                    "a"),
        std::string("\x08"), std::string("\x0f"), std::string("\x02\x00", 2),
        std::string(11, '\xff'), std::string("\x0c"), std::string("\x0b\x14"), std::string("\x0b"),
        field(6, "abc"), field(4, "\xff"), std::string("\x39\x00", 2), field(2, "\x0a")}) {
    const auto found = survey(bytes);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.status().message(), "a message of " + std::to_string(bytes.size()) +
                                            " bytes is not a message of type t.Node");
  }
}

TEST_F(Survey, TakesFieldsThatNobodyKnows) {
  for (const std::string& bytes :
       {field(15, "abc"), std::string("\x78\x01"), std::string("\x7b\x08\x01\x7c"),
        std::string("\x08\x01"), std::string("\x7b\x7b\x7c\x7c")}) {
    EXPECT_TRUE(survey(bytes).ok());
    EXPECT_THAT(json(bytes).value(), testing::StartsWith("{\"@unknown\":"));
  }
}

TEST_F(Survey, ShowsAStringThatIsNotUtf8) {
  EXPECT_TRUE(survey(field(1, "\xff")).ok());
  EXPECT_EQ(json(field(1, "\xff")).value(), R"({"text":{"@bytes":"/w=="}})");
}

TEST_F(Survey, EndsAtItsDepth) {
  EXPECT_TRUE(survey(nested(64)).ok());
  const auto deeper = survey(nested(65));
  EXPECT_EQ(deeper.status().code(), StatusCode::ResourceExhausted);
  EXPECT_NE(deeper.status().message().find("nested deeper than 64 levels"), std::string::npos);
  EXPECT_EQ(survey(nested(1'000'000)).status().code(), StatusCode::ResourceExhausted);
}

TEST_F(Survey, CountsTheDepthOfUnknownGroups) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += '\x7b';
  EXPECT_FALSE(survey(deep).ok());
}

TEST_F(Survey, ShowsWhatIsTooDeepAsBytes) {
  for (const int depth : {10, 90, 1'000, 40'000}) {
    for (const std::string& bytes : {nested(depth), nested_any(depth), pure_any(depth)}) {
      const auto shown = json(bytes);
      ASSERT_TRUE(shown.ok()) << shown.status();
      // Lossless, whatever the depth.
      const auto back = encode_json(*schema_, *node_, {.text = *shown, .position = {}});
      ASSERT_TRUE(back.ok()) << back.status();
      EXPECT_EQ(*back == bytes, true) << depth;
    }
  }
}

TEST_F(Survey, BoundsTheJsonWhereDefaultsAreShown) {
  const auto many = [](int messages) {
    std::string bytes;
    for (int i = 0; i < messages; ++i) bytes += field(5, "");
    return bytes;
  };
  EXPECT_TRUE(json(many(100'000), {.emit_defaults = true}).ok());
  const std::string more = many(2'500'000);
  EXPECT_TRUE(json(more).ok());
  const auto shown = json(more, {.emit_defaults = true});
  EXPECT_EQ(shown.status().code(), StatusCode::ResourceExhausted);
  EXPECT_NE(shown.status().message().find("--no-defaults makes it shorter"), std::string::npos)
      << shown.status().to_string();
}

}  // namespace

// Long names of enum values and fields make a lot of JSON of few bytes.
TEST(SurveyOfLongNames, BoundsTheJsonOfFewBytes) {
  auto pool = std::make_shared<pb::DescriptorPool>();
  pb::FileDescriptorProto file;
  file.set_name("long.proto");
  file.set_syntax("proto3");
  auto& type = *file.add_enum_type();
  type.set_name("E");
  auto& value = *type.add_value();
  value.set_name(std::string(500, 'A'));
  value.set_number(0);
  auto& message = *file.add_message_type();
  message.set_name("M");
  auto& list = *message.add_field();
  list.set_name("list");
  list.set_number(1);
  list.set_label(pb::FieldDescriptorProto::LABEL_REPEATED);
  list.set_type(pb::FieldDescriptorProto::TYPE_ENUM);
  list.set_type_name(".E");
  ASSERT_NE(pool->BuildFile(file), nullptr);
  const Schema schema(pool, {}, {"long.proto"});
  const auto& descriptor = *pool->FindMessageTypeByName("M");
  const auto shown = decode_to_json(schema, descriptor, field(1, std::string(1'000'000, '\0')));
  EXPECT_EQ(shown.status().code(), StatusCode::ResourceExhausted);
  EXPECT_NE(shown.status().message().find("is more than 134217728 bytes of JSON, the limit"),
            std::string::npos)
      << shown.status().to_string();
  EXPECT_TRUE(decode_to_json(schema, descriptor, field(1, std::string(1000, '\0'))).ok());
}

}  // namespace weft::cli
