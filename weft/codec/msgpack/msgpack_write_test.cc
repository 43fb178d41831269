// MessagePack that is written: each kind of value, byte for byte, and what cannot be written.

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "weft/codec/msgpack/msgpack.h"

#include "kinds.pb.h"
#include "kinds2.pb.h"

namespace weft {
namespace {

namespace pb = google::protobuf;
using formats::Kinds;
using formats::Legacy;
using ::testing::HasSubstr;

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string written(const pb::Message& message, const MsgpackWriteOptions& options = {}) {
  const Result<std::string> bytes = to_msgpack(message, options);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.ok() ? hex(*bytes) : "";
}

std::string error_of(const pb::Message& message, const MsgpackWriteOptions& options = {}) {
  const Result<std::string> bytes = to_msgpack(message, options);
  EXPECT_EQ(bytes.status().code(), StatusCode::InvalidArgument);
  return std::string(bytes.status().message());
}

/// What a message with one number has behind the name of its field, {"number": ...}.
std::string number(std::int32_t value) {
  Kinds kinds;
  kinds.set_number(value);
  return written(kinds).substr(2 + 2 + 12);
}

std::string time(std::int64_t seconds, std::int32_t nanos) {
  pb::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(nanos);
  return written(time);
}

TEST(ToMsgpack, WritesNothingForDefaultsOfProto3) {
  Kinds kinds;
  EXPECT_EQ(written(kinds), "80");
  kinds.set_optional_number(0);
  EXPECT_EQ(written(kinds), "81ae" + hex("optionalNumber") + "00");
}

TEST(ToMsgpack, WritesIntegersInTheShortestForm) {
  EXPECT_EQ(number(0), "00");
  EXPECT_EQ(number(127), "7f");
  EXPECT_EQ(number(128), "cc80");
  EXPECT_EQ(number(256), "cd0100");
  EXPECT_EQ(number(65'536), "ce00010000");
  EXPECT_EQ(number(-1), "ff");
  EXPECT_EQ(number(-32), "e0");
  EXPECT_EQ(number(-33), "d0df");
  EXPECT_EQ(number(-129), "d1ff7f");
  EXPECT_EQ(number(-32'769), "d2ffff7fff");
  Kinds kinds;
  kinds.set_uint64_value(UINT64_MAX);
  kinds.set_sint64_value(INT64_MIN);
  EXPECT_EQ(written(kinds), "82ab" + hex("uint64Value") + "cfffffffffffffffff" + "ab" +
                                hex("sint64Value") + "d38000000000000000");
}

TEST(ToMsgpack, KeepsFloatAndDoubleApart) {
  Kinds kinds;
  kinds.set_double_value(1.5);
  kinds.set_float_value(-2);
  EXPECT_EQ(written(kinds), "82ab" + hex("doubleValue") + "cb3ff8000000000000" + "aa" +
                                hex("floatValue") + "cac0000000");
}

TEST(ToMsgpack, WritesStringsAndBytesByTheirLength) {
  Kinds kinds;
  kinds.set_string_value(std::string(32, 'x'));
  kinds.set_bytes_value("\xff");
  EXPECT_EQ(written(kinds), "82ab" + hex("stringValue") + "d920" + hex(std::string(32, 'x')) +
                                "aa" + hex("bytesValue") + "c401ff");
}

TEST(ToMsgpack, WritesListsAndMapsWithTypedKeys) {
  Kinds kinds;
  kinds.add_int32s(1);
  kinds.add_int32s(-1);
  (*kinds.mutable_by_int32())[300] = "a";
  (*kinds.mutable_by_bool())[true] = "b";
  EXPECT_EQ(written(kinds), "83a6" + hex("int32s") + "9201ff" + "a7" + hex("byInt32") +
                                "81cd012ca161" + "a6" + hex("byBool") + "81c3a162");
}

TEST(ToMsgpack, CorrectsTheCountOfLongListsAndMaps) {
  Kinds kinds;
  for (int i = 0; i < 20; ++i) kinds.add_strings("");
  for (int i = 0; i < 70'000; ++i) kinds.add_bools(true);
  const std::string text = written(kinds);
  EXPECT_THAT(text, HasSubstr(hex("strings") + "dc0014a0a0"));
  EXPECT_THAT(text, HasSubstr(hex("bools") + "dd00011170c3c3"));
}

TEST(ToMsgpack, WritesEnumsAsNumbersOrNames) {
  Kinds kinds;
  kinds.set_colour(formats::BLUE);
  EXPECT_EQ(written(kinds), "81a6" + hex("colour") + "fe");
  EXPECT_EQ(written(kinds, {.enum_names = true}), "81a6" + hex("colour") + "a4" + hex("BLUE"));
  kinds.set_colour(static_cast<formats::Colour>(77));
  EXPECT_EQ(written(kinds, {.enum_names = true}), "81a6" + hex("colour") + "4d");
}

TEST(ToMsgpack, WritesTimestampsAsTheExtension) {
  EXPECT_EQ(time(0, 0), "d6ff00000000");
  EXPECT_EQ(time(1, 1), "d7ff0000000400000001");
  EXPECT_EQ(time(-1, 999'999'999), "c70cff3b9ac9ffffffffffffffffff");
  pb::Timestamp out_of_range;
  out_of_range.set_nanos(-1);
  EXPECT_THAT(error_of(out_of_range), HasSubstr("0 seconds and -1 nanoseconds are no Timestamp"));
}

TEST(ToMsgpack, NamesFieldsByItsOptions) {
  Kinds kinds;
  kinds.set_int32_value(1);
  EXPECT_EQ(written(kinds, {.declared_names = true}), "81ab" + hex("int32_value") + "01");
  EXPECT_EQ(written(kinds, {.field_numbers = true}), "810301");
}

TEST(ToMsgpack, WritesDefaultsWhereAsked) {
  formats::Shuffled message;
  message.set_last(5);
  EXPECT_EQ(written(message, {.defaults = true}),
            "83a4" + hex("last") + "05a6" + hex("middle") + "90a5" + hex("first") + "a0");
}

TEST(ToMsgpack, WritesAnyWithItsType) {
  Kinds kinds;
  formats::Item item;
  item.set_id(5);
  kinds.mutable_any()->PackFrom(item, "x");
  EXPECT_EQ(written(kinds), "81a3" + hex("any") + "82a5" + hex("@type") + "b3" +
                                hex("x/weft.formats.Item").substr(0) + "a2" + hex("id") + "05");
}

TEST(ToMsgpack, KeepsAnyOfUnknownTypeAsBytes) {
  pb::Any any;
  any.set_type_url("x/a.B");
  any.set_value("\x08\x01");
  EXPECT_EQ(written(any),
            "82a5" + hex("@type") + "a5" + hex("x/a.B") + "a6" + hex("@value") + "c4020801");
}

TEST(ToMsgpack, UnitesFieldsThatAnAnyHasTwice) {
  pb::Any any;
  any.set_type_url("x/weft.formats.Item");
  any.set_value(
      std::string("\x08\x01\x12\x01"
                  "a\x08\x02",
                  7));
  EXPECT_EQ(written(any).substr(2 + 12 + 40), "a2" + hex("id") + "02a4" + hex("name") + "a161");
}

TEST(ToMsgpack, LeavesUnknownNumbersOfClosedEnumsOut) {
  Legacy legacy;
  ASSERT_TRUE(legacy.ParseFromString(std::string("\x20\x07\x48\x01\x48\x09\x48\x02", 8)));
  EXPECT_EQ(written(legacy), "81a5" + hex("sizes") + "920102");
}

TEST(ToMsgpack, NamesTheFieldThatCannotBeWritten) {
  Kinds kinds;
  kinds.mutable_child()->add_values();
  EXPECT_EQ(error_of(kinds), "field child.values[0]: a Value has no kind set");
  Legacy legacy;
  legacy.set_name("a\xff");
  EXPECT_EQ(error_of(legacy), "field name: the string is not UTF-8: 'a\\xff'");
}

TEST(ToMsgpack, KeepsOtherNumbersOfNullValue) {
  Kinds kinds;
  kinds.set_null_value(static_cast<pb::NullValue>(28));
  EXPECT_EQ(written(kinds), "81a9" + hex("nullValue") + "1c");
  kinds.mutable_value()->set_null_value(static_cast<pb::NullValue>(28));
  EXPECT_EQ(error_of(kinds), "field value: the null of a Value is 28 instead of 0");
}

TEST(ToMsgpack, BoundsDepthAndSize) {
  formats::Item item;
  formats::Item* at = &item;
  for (int i = 0; i < 5; ++i) at = at->mutable_parent();
  EXPECT_EQ(error_of(item, {.max_depth = 3}),
            "field parent.parent.parent: it lies deeper than 3 levels, the limit");
  EXPECT_TRUE(to_msgpack(item, {.max_depth = 6}).ok());
  const Result<std::string> large = to_msgpack(item, {.max_size = 10});
  EXPECT_EQ(large.status().code(), StatusCode::ResourceExhausted);
}

}  // namespace
}  // namespace weft
