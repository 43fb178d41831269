#include "tools/weft/schema/source/reflected_files.h"

#include <gtest/gtest.h>

#include "tools/weft/schema/proto_text.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

pb::FileDescriptorProto file_named(const std::string& name) {
  pb::FileDescriptorProto file;
  file.set_name(name);
  file.set_package("p");
  return file;
}

Status take(ReflectedFiles& files, const pb::FileDescriptorProto& file) {
  return files.take(file.SerializeAsString());
}

void expect_refused(const Status& status, const std::string& why) {
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_NE(std::string(status.message()).find(why), std::string::npos) << status.to_string();
}

TEST(ReflectedFiles, AsksForEachMissingImportOnce) {
  ReflectedFiles files;
  pb::FileDescriptorProto file = file_named("a.proto");
  file.add_dependency("b.proto");
  file.add_dependency("b.proto");
  file.add_dependency("google/protobuf/any.proto");
  ASSERT_TRUE(take(files, file).ok());
  EXPECT_EQ(files.next_missing(), "b.proto");
  ASSERT_TRUE(take(files, file_named("b.proto")).ok());
  EXPECT_EQ(files.next_missing(), "google/protobuf/any.proto");
  EXPECT_TRUE(files.take_own("google/protobuf/any.proto"));
  EXPECT_FALSE(files.take_own("b2.proto"));
  EXPECT_EQ(files.next_missing(), "");
}

TEST(ReflectedFiles, TakesNoMoreThanItsLimits) {
  ReflectedFiles few({.files = 2});
  EXPECT_TRUE(take(few, file_named("a")).ok());
  EXPECT_TRUE(take(few, file_named("b")).ok());
  EXPECT_TRUE(take(few, file_named("b")).ok());
  expect_refused(take(few, file_named("c")), "more than 2 files, the limit");

  ReflectedFiles small({.bytes = 20});
  EXPECT_TRUE(take(small, file_named("0123456")).ok());
  expect_refused(take(small, file_named("0123457")), "more than 20 bytes, the limit");

  pb::FileDescriptorProto file = file_named("a");
  for (int i = 0; i < 10; ++i) file.add_message_type()->set_name("M" + std::to_string(i));
  ReflectedFiles plain({.elements = 10});
  expect_refused(take(plain, file), "more than 10 elements, the limit");
  ReflectedFiles bare({.values = 15});
  expect_refused(take(bare, file), "more than 15 values, the limit");
}

TEST(ReflectedFiles, CountsEmptyElementsBeforeTheyTakeMemory) {
  // Two bytes for each of two million messages.
  std::string bytes;
  for (int i = 0; i < 2'000'000; ++i) bytes.append("\x22\x00", 2);
  ReflectedFiles files;
  expect_refused(files.take(bytes), "more than 300000 elements, the limit");
}

TEST(ReflectedFiles, RefusesLongNamesWhereverTheyAre) {
  const std::string name(600, 'n');
  std::vector<pb::FileDescriptorProto> files(9, file_named("a"));
  files[0].set_name(name);
  files[1].set_package(name);
  files[2].add_dependency(name);
  files[3].add_message_type()->set_name(name);
  files[4].add_message_type()->add_nested_type()->set_name(name);
  files[5].add_message_type()->add_field()->set_name(name);
  files[6].add_enum_type()->add_value()->set_name(name);
  files[7].add_service()->add_method()->set_name(name);
  files[8].add_extension()->set_name(name);
  for (const pb::FileDescriptorProto& file : files) {
    ReflectedFiles reflected;
    expect_refused(take(reflected, file), "the limit is 512");
  }
}

TEST(ReflectedFiles, CountsTheNamesOfWhatIsAround) {
  pb::FileDescriptorProto file = file_named("a");
  pb::DescriptorProto* message = file.add_message_type();
  for (int i = 0; i < 20; ++i) {
    message->set_name(std::string(40, 'm'));
    message = message->add_nested_type();
  }
  ReflectedFiles files;
  expect_refused(take(files, file), "the limit is 512");
}

TEST(ReflectedFiles, RefusesMessagesNestedWithoutEnd) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    std::string outer = i == 999 ? "\x22" : "\x1a";
    for (std::size_t size = bytes.size();; size >>= 7) {
      outer += static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0));
      if (size <= 0x7f) break;
    }
    bytes = outer + bytes;
  }
  ReflectedFiles files;
  expect_refused(files.take(bytes), "nested deeper than 64 levels");
}

TEST(ReflectedFiles, RefusesRangesThatAreComparedEachWithEach) {
  pb::FileDescriptorProto file = file_named("a");
  auto& message = *file.add_message_type();
  message.set_name("M");
  for (int i = 0; i < 1001; ++i) {
    auto& range = *message.add_reserved_range();
    range.set_start(2 * i + 1);
    range.set_end(2 * i + 2);
  }
  ReflectedFiles files;
  expect_refused(take(files, file), "1001 ranges of numbers; the limit is 1000");
}

TEST(ReflectedFiles, RefusesOptionsThatNoCompilerLeavesIn) {
  // protobuf's reader of an aggregate value calls itself for each brace.
  pb::FileDescriptorProto file = file_named("a");
  auto& option = *file.add_message_type()->mutable_options()->add_uninterpreted_option();
  option.add_name()->set_name_part("p.deep");
  option.mutable_name(0)->set_is_extension(true);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "a{";
  option.set_aggregate_value(deep);
  file.mutable_message_type(0)->set_name("M");
  ReflectedFiles files;
  EXPECT_EQ(take(files, file).code(), StatusCode::Internal);
}

TEST(ReflectedFiles, BuildsAChainOfImportsAtTheLimit) {
  ReflectedFiles files;
  constexpr int kFiles = 2'000;
  for (int i = 0; i < kFiles; ++i) {
    pb::FileDescriptorProto file = file_named("f" + std::to_string(i));
    if (i + 1 < kFiles) {
      file.add_dependency("f" + std::to_string(i + 1));
      file.add_public_dependency(0);
    }
    ASSERT_TRUE(take(files, file).ok());
  }
  const Result<Schema> schema = files.schema({});
  EXPECT_TRUE(schema.ok()) << schema.status().to_string();
}

TEST(ReflectedFiles, NamesOnlyTheFirstOfManyErrors) {
  ReflectedFiles files;
  pb::FileDescriptorProto file = file_named("a\nb\u202e");
  for (int i = 0; i < 1000; ++i) file.add_message_type()->set_name("not a name");
  ASSERT_TRUE(take(files, file).ok());
  const Status status = files.schema({}).status();
  const std::string message(status.message());
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_NE(message.find("\n  a\\nb\\u202e: p.not a name: "), std::string::npos) << message;
  EXPECT_NE(message.find(" more"), std::string::npos) << message;
  EXPECT_LT(message.size(), 3000U);
}

/// A group whose type is the message it is in, or one that other groups have too.
TEST(ReflectedFiles, GroupsThatHoldThemselvesAreDescribedWithoutTheirBody) {
  pb::FileDescriptorProto file = file_named("a");
  auto& message = *file.add_message_type();
  message.set_name("M");
  for (int i = 1; i < 3; ++i) {
    auto& field = *message.add_field();
    field.set_name("m" + std::to_string(i));
    field.set_number(i);
    field.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
    field.set_type(pb::FieldDescriptorProto::TYPE_GROUP);
    field.set_type_name(".p.M");
  }
  ReflectedFiles files;
  ASSERT_TRUE(take(files, file).ok());
  const Result<Schema> schema = files.schema({});
  ASSERT_TRUE(schema.ok()) << schema.status().to_string();
  const Result<std::string> text = describe(*schema, "p.M");
  ASSERT_TRUE(text.ok());
  EXPECT_LT(text->size(), 500U) << *text;
}

}  // namespace
}  // namespace weft::cli
