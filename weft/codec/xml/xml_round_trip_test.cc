// Every field of every type, written and read.

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/message_differencer.h>

#include "weft/codec/schema/internal/fuzz_checks.h"
#include "weft/codec/xml/xml.h"

#include "kinds.pb.h"
#include "kinds2.pb.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

void fill(pb::Message& message, int depth);

/// Sets the `i`th value of a field, or appends it: extreme ones of the type.
void add(pb::Message& message, const Field& field, int i, int depth) {
  const pb::Reflection& reflection = *message.GetReflection();
  const auto put = [&](auto set, auto add, auto value) {
    field.is_repeated() ? (reflection.*add)(&message, &field, value)
                        : (reflection.*set)(&message, &field, value);
  };
  using R = pb::Reflection;
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      return put(&R::SetInt32, &R::AddInt32, i == 0 ? INT32_MIN : INT32_MAX);
    case Field::CPPTYPE_INT64:
      return put(&R::SetInt64, &R::AddInt64, i == 0 ? INT64_MIN : INT64_MAX);
    case Field::CPPTYPE_UINT32:
      return put(&R::SetUInt32, &R::AddUInt32, i == 0 ? UINT32_MAX : 0U);
    case Field::CPPTYPE_UINT64:
      return put(&R::SetUInt64, &R::AddUInt64, i == 0 ? UINT64_MAX : std::uint64_t{0});
    case Field::CPPTYPE_DOUBLE:
      return put(&R::SetDouble, &R::AddDouble, i == 0 ? 5e-324 : -0.0);
    case Field::CPPTYPE_FLOAT:
      return put(&R::SetFloat, &R::AddFloat, i == 0 ? 3.4028235e38F : -0.0F);
    case Field::CPPTYPE_BOOL:
      return put(&R::SetBool, &R::AddBool, i == 0);
    case Field::CPPTYPE_ENUM: {
      const pb::EnumDescriptor& type = *field.enum_type();
      return put(&R::SetEnum, &R::AddEnum, type.value(i % type.value_count()));
    }
    case Field::CPPTYPE_STRING: {
      // Of an Any and a FieldMask as well: any text.
      std::string text = i == 0 ? " a\r\n<&]]>\xc3\xa4 " : std::string("\0\x1f", 2);
      if (field.type() == Field::TYPE_BYTES) text = "\xff\x01";
      return field.is_repeated() ? reflection.AddString(&message, &field, text)
                                 : reflection.SetString(&message, &field, text);
    }
    case Field::CPPTYPE_MESSAGE:
      if (depth == 0) return;
      fill(*(field.is_repeated() ? reflection.AddMessage(&message, &field)
                                 : reflection.MutableMessage(&message, &field)),
           depth - 1);
  }
}

bool is_time(const pb::Descriptor& type) {
  return type.full_name() == "google.protobuf.Timestamp" ||
         type.full_name() == "google.protobuf.Duration";
}

/// Sets every field but those of oneofs, of which it sets the last.
void fill(pb::Message& message, int depth) {
  const pb::Descriptor& type = *message.GetDescriptor();
  if (type.full_name() == "google.protobuf.Any") return;
  if (is_time(type)) {
    message.GetReflection()->SetInt64(&message, type.field(0), 1'000'000'000);
    message.GetReflection()->SetInt32(&message, type.field(1), 999'999'999);
    return;
  }
  for (int i = 0; i < type.field_count(); ++i) {
    add(message, *type.field(i), 0, depth);
    if (type.field(i)->is_repeated() && !type.field(i)->is_map()) {
      add(message, *type.field(i), 1, depth);
    }
  }
  std::vector<const Field*> extensions;
  type.file()->pool()->FindAllExtensions(&type, &extensions);
  for (const Field* extension : extensions) add(message, *extension, 0, depth);
}

template <class M>
void expect_kept(const M& message, const XmlWriteOptions& options = {}) {
  const Result<std::string> text = to_xml(message, options);
  ASSERT_TRUE(text.ok()) << text.status();
  M back;
  const Status status = from_xml(*text, back);
  ASSERT_TRUE(status.ok()) << status << "\n" << *text;
  std::string difference;
  pb::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(message, back)) << difference;
  EXPECT_EQ(formats_test::canonical_bytes(message), formats_test::canonical_bytes(back)) << *text;
}

TEST(RoundTrip, KeepsEveryFieldOfProto3) {
  formats::Kinds kinds;
  fill(kinds, 4);
  expect_kept(kinds);
  expect_kept(kinds, {.declared_names = true, .enum_numbers = true, .indent = 3});
}

TEST(RoundTrip, KeepsEveryMemberOfAOneof) {
  const pb::OneofDescriptor& oneof = *formats::Kinds::descriptor()->FindOneofByName("choice");
  for (int i = 0; i < oneof.field_count(); ++i) {
    formats::Kinds kinds;
    add(kinds, *oneof.field(i), 0, 3);
    expect_kept(kinds);
  }
}

TEST(RoundTrip, KeepsEveryFieldOfProto2) {
  formats::Legacy legacy;
  fill(legacy, 3);
  ASSERT_TRUE(legacy.HasExtension(formats::extra_child));
  expect_kept(legacy);
  expect_kept(legacy, {.declared_names = true, .indent = 1});
}

TEST(RoundTrip, KeepsPresenceOfDefaults) {
  formats::Kinds kinds;
  kinds.set_optional_number(0);
  kinds.set_optional_text("");
  kinds.mutable_wrapped_bytes();
  kinds.mutable_child();
  expect_kept(kinds);
  formats::Legacy legacy;
  legacy.set_name("");
  legacy.set_number(0);
  expect_kept(legacy);
}

TEST(RoundTrip, KeepsUnknownNumbersOfClosedEnumsWithMarks) {
  formats::Legacy legacy;
  ASSERT_TRUE(legacy.ParseFromString(std::string("\x20\x07\x20\x08\x48\x01\x48\x09\x48\x02", 10)));
  const Result<std::string> text = to_xml(legacy, {.marks = true});
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text,
            "<Legacy><sizes>SMALL</sizes><sizes>LARGE</sizes>"
            "<unknown.fields encoding=\"base64\">IAcgCEgJ</unknown.fields></Legacy>");
  formats::Legacy back;
  ASSERT_TRUE(from_xml(*text, back, {.marks = true}).ok());
  EXPECT_EQ(formats_test::canonical_bytes(legacy), formats_test::canonical_bytes(back));
  EXPECT_EQ(*to_xml(legacy), "<Legacy><sizes>SMALL</sizes><sizes>LARGE</sizes></Legacy>");
}

}  // namespace
}  // namespace weft
